// What the full page adds to the widget: the title says how many answers are unread.
const title = document.title;

document.addEventListener("handleby-unread", ({ detail: count }) => {
  document.title = count ? `(${count}) ${title}` : title;
});
