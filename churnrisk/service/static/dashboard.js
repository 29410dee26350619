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

  document.addEventListener("htmx:responseError", (event) => {
    const place = event.detail.target.querySelector("[role=status]");
    if (place) place.textContent = `${event.detail.xhr.status}`;
  });
})();
