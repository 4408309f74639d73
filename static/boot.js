// Starts the WebAssembly module that the build names on this script's element.
// A file of its own because the Content-Security-Policy allows no inline script.

const script = document.querySelector("script[data-wasm]");

try {
  const { default: start } = await import(script.dataset.js);
  await start({ module_or_path: script.dataset.wasm });
} catch (error) {
  const text = document.getElementById("starting-text");
  if (text) {
    text.textContent = `The page could not start: ${error.message ?? error}. `
      + "It needs a browser with WebAssembly; reloading may help if the network failed.";
    text.parentElement.setAttribute("role", "alert");
  }
  throw error;
}
