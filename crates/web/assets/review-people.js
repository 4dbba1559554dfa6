// Who is there, as numbers; the links by which others take a seat; and leaving. Nobody's name is known here.
import { dropDrafts, dropSeat } from "./board-store.js";
import { $, button, choice, confirmed, labelled, tell, teller } from "./board-parts.js";
import { saidWriting } from "./board-api.js";
import { announce, make, moment, number, t, word } from "./text.js";

const SEATS_MAX = 200;

export function peoplePlace(state) {
  const place = $("people-place");
  const counts = make("dl", "people");
  const draw = () => {
    const { facilitators = 0, participants = 0, readers = 0, programs = 0 } = state.people;
    const line = (name, n, id) => { const dd = make("dd", "", number(n)); dd.id = id; return make("div", "", make("dt", "", name), dd); };
    counts.replaceChildren(
      line(t("people_present"), state.present, "people-present"), line(t("people_facilitators"), facilitators, "people-facilitators"),
      line(t("people_participants"), participants, "people-participants"), line(t("people_readers"), readers, "people-readers"),
      // Nobody sits there: shown only where there are any.
      ...(programs ? [line(t("people_programs"), programs, "people-programs")] : []));
  };
  state.on("people", draw);
  draw();
  place.append(make("section", "sheet", make("h3", "", t("people_now")), counts, make("p", "small", t("people_why"))));
  if (state.mayLead) place.append(progress(state), invite(state));
  place.append(leaving(state));
}

/** The facilitator's hand on the state of the review. */
function progress(state) {
  const told = teller();
  const states = choice(t("state_is"), ["open", "in_review", "complete"].map((it) => [it, word("state", it)]), state.progress.state, async (to) => {
    const isSure = to !== "complete" || await confirmed({ id: "complete", title: t("complete_title"), texts: [t("complete_text")], yes: t("complete_yes"), yesId: "complete-yes" });
    if (!isSure) return draw();
    try {
      await state.goOn({ state: to });
      tell(told, t("state_set", { state: word("state", to) }), "good");
    } catch (problem) {
      tell(told, saidWriting(problem), "bad");
    }
    return draw();
  });
  states.id = "state-choice";
  const draw = () => { states.value = state.progress.state; };
  state.on("progress/*", draw);
  return make("section", "sheet", make("h3", "", t("state_title")), states, make("p", "small", t("state_how")), told);
}

function invite(state) {
  const roles = ["participant", "reader", "facilitator", "program"].map((it) => [it, word("role", it)]);
  const role = choice(t("invite_role"), roles, "participant", (to) => { about.textContent = word("role_may", to); });
  const about = make("p", "small", word("role_may", "participant"));
  role.id = "invite-role";
  const seats = make("input");
  Object.assign(seats, { type: "number", id: "invite-seats", min: 1, max: SEATS_MAX, value: 10, inputMode: "numeric", required: true });
  const told = teller("invite-told");
  const made = make("div", "invited");
  const send = Object.assign(button(t("invite_make"), "primary", () => undefined, "invite-make"), { type: "submit" });
  const form = make("form", "stack", role, about, labelled(t("invite_seats"), seats, t("invite_seats_hint")), make("div", "row", send));
  form.noValidate = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const n = Number(seats.value);
    if (!Number.isInteger(n) || n < 1 || n > SEATS_MAX) { seats.focus(); return tell(told, t("invite_seats_wrong"), "bad"); }
    try {
      const { link, role: as, seats: many, expires_at: until } = await state.api.send("POST", "/v1/review/invitations", { role: role.value, seats: n });
      shown(link, t("invited_as", { role: word("role", as), n: number(many), until: moment(until) }));
      tell(told, t("invited"), "good");
    } catch (problem) {
      tell(told, problem.code === "invalid_request" ? t("invite_full") : saidWriting(problem), "bad");
    }
    return undefined;
  });

  function shown(link, text) {
    const field = make("input", "link-field");
    Object.assign(field, { value: link, readOnly: true, id: "invite-link" });
    field.addEventListener("focus", () => field.select());
    const copy = button(t("copy"), "primary", async () => {
      field.select();
      try {
        await navigator.clipboard.writeText(link);
        copy.textContent = t("copied");
        announce(t("copied"));
      } catch {
        field.focus();
        tell(told, t("copy_by_hand"));
      }
    }, "invite-copy");
    made.replaceChildren(make("div", "field", labelled(t("invite_link"), field), copy), make("p", "small", text));
  }

  const endAll = button(t("invite_end"), "text danger", async () => {
    const isSure = await confirmed({ id: "invite-end-dialog", title: t("invite_end_title"), texts: [t("invite_end_text")], yes: t("invite_end"), yesId: "invite-end-yes" });
    if (!isSure) return;
    try {
      await state.api.send("DELETE", "/v1/review/invitations");
      made.replaceChildren();
      tell(told, t("invite_ended"), "good");
    } catch (problem) {
      tell(told, saidWriting(problem), "bad");
    }
  }, "invite-end");
  return make("section", "sheet", make("h3", "", t("invite")), make("p", "small", t("invite_how")), form, told, made, endAll);
}

function leaving(state) {
  const told = teller();
  const leave = button(t("leave"), "secondary danger", async () => {
    if (state.mayLead && state.people.facilitators === 1) return tell(told, t("leave_last"), "bad");
    if (!await confirmed({ id: "leave-dialog", title: t("leave_title"), texts: [t("leave_text")], yes: t("leave"), yesId: "leave-yes", isGrave: true })) return undefined;
    try {
      await state.api.send("DELETE", "/v1/review/seat");
    } catch (problem) {
      // A seat that the server does not know is left already.
      if (problem.status !== 401) return tell(told, problem.code === "invalid_request" ? t("leave_last") : saidWriting(problem), "bad");
    }
    await dropSeat(state.id);
    dropDrafts(state.id);
    location.assign("/reviews");
    return undefined;
  }, "leave");
  return make("section", "sheet", make("h3", "", t("your_seat")), make("p", "", word("role_may", state.role)), make("p", "small", t("seat_here")), leave, told);
}
