(selector) => new Promise((found) => {
  // Ten seconds: what lies over it for a moment is waited for.
  let looks = 500;
  const look = () => {
    looks -= 1;
    const it = document.querySelector(selector);
    it?.scrollIntoView({ block: "center" });
    const box = it?.getBoundingClientRect() ?? new DOMRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const isIn = (over) => it === over || it?.contains(over) === true || over?.closest?.("label")?.contains(it) === true;
    if (!it || !isIn(document.elementFromPoint(x, y))) return looks > 0 ? setTimeout(look, 20) : found([x, y, false]);
    let [pressed, clicked] = [null, null];
    const judge = (event) => {
      if (event.type === "click") clicked = event.target;
      else pressed = event.target;
      if (isIn(event.target)) return;
      event.stopImmediatePropagation();
      event.preventDefault();
    };
    const kinds = ["mousedown", "click"];
    for (const kind of kinds) addEventListener(kind, judge, { capture: true, once: true });
    window.hasMissed = () => {
      for (const kind of kinds) removeEventListener(kind, judge, { capture: true });
      // What a press alone opens or takes away is hit, and what is gone cannot be tapped again.
      const isThere = document.querySelector(selector)?.checkVisibility({ visibilityProperty: true }) === true;
      if (!isThere || (clicked && isIn(clicked))) return false;
      // It moved before the press, or was moved or drawn anew between press and release.
      return !pressed || !isIn(pressed) || clicked !== null || !it.isConnected;
    };
    return found([x, y, true]);
  };
  look();
})
