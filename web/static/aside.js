// On a phone the aside's parts are folded to their summaries; on a wide screen they stand open.
"use strict";
const wide = window.matchMedia("(min-width: 992px)");
const fold = () => { for (const each of document.querySelectorAll("details.aside-fold")) each.open = wide.matches; };
wide.addEventListener("change", fold);
fold();
