// Moving the items of a list by finger or mouse, by their handle. Keyboards have buttons of their own.

/** `dropped(item, to)` hears where an item was let go, counted from 0. */
export function dragged(list, dropped) {
  list.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest(".handle");
    if (!handle || event.button) return;
    const item = handle.closest("li");
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    item.classList.add("is-dragged");
    let to = [...list.children].indexOf(item);
    const from = to;

    const clear = () => list.querySelectorAll(".drop-before, .drop-after").forEach((it) => it.classList.remove("drop-before", "drop-after"));
    function follow({ clientY }) {
      const others = [...list.children].filter((it) => it !== item);
      to = others.filter((it) => { const box = it.getBoundingClientRect(); return clientY > box.top + box.height / 2; }).length;
      clear();
      if (to === from) return;
      (others[to] ?? others.at(-1))?.classList.add(others[to] ? "drop-before" : "drop-after");
      if (clientY < 60) scrollBy(0, -12);
      else if (clientY > innerHeight - 60) scrollBy(0, 12);
    }
    function end({ type }) {
      clear();
      item.classList.remove("is-dragged");
      for (const [name, act] of acts) handle.removeEventListener(name, act);
      if (type === "pointerup" && to !== from) dropped(item, to);
    }
    const acts = [["pointermove", follow], ["pointerup", end], ["pointercancel", end]];
    for (const [name, act] of acts) handle.addEventListener(name, act);
  });
}
