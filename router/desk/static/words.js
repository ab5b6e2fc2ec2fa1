// The words for what the router keeps as codes.

export const STATUS = {
  open: "Open", pending: "Waiting for customer", resolved: "Resolved", snoozed: "Snoozed", held: "Held", merged: "Merged",
};

export const STATE = {
  pending: "About to be sent", sending: "Being sent", sent: "Sent", retry: "Will be tried again",
  failed: "Not delivered", unknown: "Unclear whether it arrived", cancelled: "Not sent",
};

export const NOTE = {
  first: "Automatic note", renewal: "Automatic new time", introduction: "Automatic introduction", added: "Automatic word that the time stands",
  followup: "Automatic follow-up", incident: "Automatic incident note",
};

export const KIND = {
  agent: "answered outside the desk", machine: "written by a program", edit: "changed an earlier message",
  delete: "withdrew an earlier message", status: "for your information", unreadable: "could not be read",
};

export const PROMISE = { made: "Runs", kept: "Kept", renewed: "Renewed", broken: "Broken", withdrawn: "Withdrawn" };

export const CHANNEL = {
  email: "Email", webchat: "Web chat", phone: "Phone", twitter: "X", facebook: "Facebook", forum: "Forum",
};

// Kinds of identities.
export const KINDS = { email: "Email", chat: "Web chat", phone: "Phone", x: "X", facebook: "Facebook", forum: "Forum" };

// What to do about something that did not go out as it should.
export const ADVICE = {
  failed: "The customer did not get this. Mend what is named, or write it again in another way.",
  unknown: "Look with the provider whether it arrived. If it did not, write it again; nothing is sent twice by itself.",
};

export function channel(name) {
  return CHANNEL[name] ?? name;
}

export function target(seconds) {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  if (seconds % 60 === 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}
