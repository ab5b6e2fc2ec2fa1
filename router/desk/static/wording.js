// What notes say: every text in a language, as a customer would read it.

import { get } from "./api.js";
import { h, toast } from "./dom.js";
import { channel } from "./words.js";

const form = document.getElementById("choices");
const verdict = document.getElementById("verdict");
const box = document.getElementById("texts");

const LANGUAGE = new Intl.DisplayNames(["en"], { type: "language" });
const KIND = {
  first: "First note", late: "First note, late", renewal: "New time, before it is missed", missed: "New time, after it was missed",
  inherited: "New time in place of a colleague's",
  introduction: "Somebody else takes over", added: "Second message in a wait", incident: "Incident", followup: "Follow-up",
  asks: "Asking for a fact", link: "The customer's link", check: "The link of a follow-up", page: "The customer's page",
  answer_language: "Answer in another language", disclosure: "Sent automatically", signature: "Signature",
};
const STYLE = { mail: "as mail", chat: "as a chat", public: "in public", spoken: "spoken" };
const VOICE = { owner: "The owner", duty: "The duty person" };

let asked = 0;

function chosen() {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(["language", "channel", "kind", "address", "agent"].map((key) => [key, query.get(key) ?? ""]));
}

function choice(key, label, options, value) {
  return h("label", {}, h("span", {}, label), h("select", { name: key, onchange: changed },
    options.map(([word, text]) => h("option", { value: word, selected: word === value }, text))));
}

function changed() {
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.replaceState(null, "", `?${query}`);
  show().catch(failed);
}

function choices(found, given) {
  const kinds = [...found.kinds, ...found.parts].map((one) => [one, KIND[one] ?? one]);
  form.replaceChildren(
    choice("language", "Language", found.languages.map((one) => [one, LANGUAGE.of(one)]), found.language),
    choice("channel", "Channel", [["", "All channels"], ...found.channels.map((one) => [one.channel, channel(one.channel)])], given.channel),
    choice("kind", "Kind", kinds, given.kind || "first"),
    choice("address", "Address", [["", "Formal and informal"], ["formal", "Formal"], ["informal", "Informal"]], given.address),
    choice("agent", "In the name of", [["", "Anybody"], ...found.agents.map((one) => [one.id, one.name])], given.agent));
}

function chips(one, varied) {
  const words = [VOICE[one.voice] ?? one.voice, STYLE[one.style], one.tone, varied ? one.address : ""];
  return [
    ...words.filter(Boolean).map((word) => h("span", { class: "chip" }, word)),
    one.own ? h("span", { class: "chip note-chip" }, "Own words") : null,
    one.disclosed ? h("span", { class: "chip warn" }, "Says that it is automatic") : null,
    h("code", { class: "end faint small" }, one.where),
  ];
}

function card(one, language, varied) {
  return h("article", { class: "letter" }, h("header", {}, chips(one, varied)),
    h("p", { class: "prose", lang: language, dir: "auto" }, one.text || "(nothing)"),
    one.faults.map((fault) => h("p", { class: "fault" }, `Refused: ${fault}`)));
}

async function show() {
  const turn = ++asked;
  const given = chosen();
  box.setAttribute("aria-busy", "true");
  const found = await get("/wording", given);
  if (turn !== asked) return;
  if (!form.children.length) choices(found, given);
  const refused = found.texts.filter((one) => one.faults.length).length;
  verdict.replaceChildren(
    h("span", { class: "chip" }, `${found.texts.length} texts`),
    refused ? h("span", { class: "chip bad" }, `${refused} refused by the linter`) : h("span", { class: "chip good" }, "All pass the linter"));
  const varied = new Set(found.texts.map((one) => one.address)).size > 1;
  box.replaceChildren(...found.texts.map((one) => card(one, found.language, varied)));
  if (!found.texts.length) box.replaceChildren(h("p", { class: "faint" }, "Nothing of this kind is read on this channel."));
  box.setAttribute("aria-busy", "false");
}

function failed(error) {
  box.setAttribute("aria-busy", "false");
  toast(error.message, { bad: true });
}

show().catch((error) => { // an old address may name what is gone: say so, and show what there is
  failed(error);
  if (error.status !== 422) return;
  history.replaceState(null, "", location.pathname);
  show().catch(failed);
});
