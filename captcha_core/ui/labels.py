"""Names for elements that Gradio leaves without one, so that a screen reader says what they are."""

# Gradio 6.31: the buttons of gr.Examples hold a picture without a name, and an upload's name differs from its text.
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
};
clName();
new MutationObserver(clName).observe(document.body, { childList: true, subtree: true });
"""
