// Reading codes by the camera, where the browser can (BarcodeDetector). A scanner on a cable types, and needs none of this.
export const canScan = () => "BarcodeDetector" in window && Boolean(navigator.mediaDevices?.getUserMedia);

// How often the picture is looked at, in milliseconds.
const LOOK = 150;

/** Shows the camera in `video` until a code is read, and returns its text; `null` if it was given up. Throws if there is no camera. */
export async function scan(video, formats, signal) {
  const detector = new window.BarcodeDetector({ formats });
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  try {
    video.srcObject = stream;
    await video.play();
    while (!signal.aborted) {
      const [found] = await detector.detect(video).catch(() => []);
      if (found?.rawValue) return found.rawValue;
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
    return null;
  } finally {
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  }
}

/** A button that shows the camera until a member's code is read, or until it is tapped again. Gives what stops it. */
export function scanButton(button, video, found, failed) {
  let looking;
  button.hidden = !canScan();
  button.addEventListener("click", async () => {
    if (looking) { looking.abort(); return; }
    looking = new AbortController();
    video.hidden = false;
    try {
      const read = await scan(video, ["code_128", "qr_code"], looking.signal);
      if (read) found(read);
    } catch {
      failed();
    } finally {
      looking = undefined;
      video.hidden = true;
    }
  });
  return () => looking?.abort();
}
