"""Names for elements that Gradio leaves without one, so that a screen reader says what they are."""

# Gradio 6.31: the buttons of gr.Examples hold a picture without a name, an upload's name differs from its text, and the
# label of a gr.Textbox with a copy button belongs to that button.
# They come and go with what is shown, so the page is watched.
LABELS_JS = """
const clName = () => {
  document.querySelectorAll(".gallery-item:not([aria-label])").forEach((button) => {
    const number = Array.from(button.parentElement.children).indexOf(button) + 1;
    button.setAttribute("aria-label", `Example ${number}`);
  });
  document.querySelectorAll(".upload-container[aria-label]").forEach((button) => {
    if (button.textContent.trim()) button.removeAttribute("aria-label");
  });
  document.querySelectorAll("label textarea:not([aria-label]), label input:not([aria-label])").forEach((box) => {
    const label = box.closest("label"), title = label.querySelector('[data-testid="block-info"]');
    if (title && label.control !== box) box.setAttribute("aria-label", title.textContent.trim());
  });
  // What may be wider than its place is scrolled by the arrow keys too.
  document.querySelectorAll(".cl-card :is(table, pre):not([tabindex])").forEach((wide) => { wide.tabIndex = 0; });
};
clName();
new MutationObserver(clName).observe(document.body, { childList: true, subtree: true });
"""
