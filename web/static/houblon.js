// Conveniences only: every page works without this file.
"use strict";

// The review queue by keyboard: J and K move, A accepts, R goes to the reason of a refusal.
const queue = document.querySelector("[data-queue]");
if (queue) {
  const links = [...queue.querySelectorAll("a")];
  const here = links.findIndex((link) => link.getAttribute("aria-current") === "true");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const move = { j: 1, k: -1 }[event.key.toLowerCase()];
    if (move && links[here + move]) links[here + move].click();
    if (event.key.toLowerCase() === "a") document.querySelector("[data-accept]")?.focus();
    if (event.key.toLowerCase() === "r") {
      event.preventDefault();
      const reason = document.querySelector("[data-refuse]");
      reason?.closest("details")?.setAttribute("open", "");
      reason?.focus();
    }
  });
}

// A long form of choices shows only the fields of the choice that is made.
for (const select of document.querySelectorAll("select[data-shows]")) {
  const form = select.form;
  const show = () => {
    for (const part of form.querySelectorAll("[data-for]")) {
      part.hidden = !part.dataset.for.split(" ").includes(select.value);
    }
  };
  select.addEventListener("change", show);
  show();
}

// Groups can be dragged into another order; the buttons beside them do the same without a mouse.
for (const form of document.querySelectorAll("[data-reorder]")) {
  let dragged = null;
  for (const row of form.querySelectorAll("[data-id]")) {
    row.draggable = true;
    row.querySelector(".grip").hidden = false;
    row.addEventListener("dragstart", (event) => { dragged = row; event.dataTransfer.effectAllowed = "move"; row.classList.add("dragged"); });
    row.addEventListener("dragend", () => { row.classList.remove("dragged"); dragged = null; });
    row.addEventListener("dragover", (event) => {
      if (!dragged || dragged === row) return;
      event.preventDefault();
      const middle = row.getBoundingClientRect().top + row.offsetHeight / 2;
      row.parentNode.insertBefore(dragged, event.clientY < middle ? row : row.nextSibling);
    });
    row.addEventListener("drop", (event) => event.preventDefault());
  }
  form.addEventListener("drop", () => {
    const order = [...form.querySelectorAll("[data-id]")].map((row) => row.dataset.id);
    form.elements.ordre.value = order.join(",");
    form.submit();
  });
}
