// Before ECharts: it sets style attributes, which the policy of the dashboard does not allow; setting the same style by
// its object is allowed, since no text from elsewhere can get there.
(() => {
  "use strict";

  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style") this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };

  document.addEventListener("htmx:afterSettle", () => document.dispatchEvent(new Event("charts-came")));

  // A part of a page that could not be had says so where it would stand, in the words of the page of that problem.
  const complain = (target, said) => {
    const note = target.querySelector("[role=alert]") || document.createElement("p");
    note.className = "note alarm";
    note.setAttribute("role", "alert");
    note.textContent = said;
    target.querySelector(".loading")?.remove();
    target.prepend(note);
  };

  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers.Accept = "text/html";
    // what is not asked for stays out of the address, which others are given
    const { formData, verb } = event.detail;
    if (verb !== "get") return;
    const empty = [...new Set(formData.keys())].filter((name) => formData.getAll(name).every((value) => value === ""));
    for (const name of empty) formData.delete(name);
  });

  document.addEventListener("htmx:responseError", (event) => {
    const { target, xhr } = event.detail;
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const said = [...page.querySelectorAll("main h1, main h1 + p")].map((one) => one.textContent);
    complain(target, said.join(": ") || `${xhr.status}`);
  });

  document.addEventListener("htmx:sendError", (event) => {
    complain(event.detail.target, document.body.dataset.unreachable);
  });
})();
