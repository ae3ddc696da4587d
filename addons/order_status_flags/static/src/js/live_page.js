/* The order status page keeps itself up to date while somebody looks at it, at most once a minute.
   Answers that change nothing are 304 without content. Nothing is kept by the browser (no-store):
   what the page shows is known by its ETag here. */
(() => {
    "use strict";

    const PAUSE = 60 * 1000;
    let last = Date.now();
    let busy = false;

    /* Whether the visitor is just writing something: the page must not change under his hands. */
    const isInUse = (main) =>
        Boolean(main.querySelector("details[open]")) ||
        Array.from(main.querySelectorAll("textarea")).some((area) => area.value !== area.defaultValue);

    const show = async (main, response) => {
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        const fresh = page.querySelector("main");
        if (fresh && !isInUse(main)) {
            document.title = page.title;
            main.replaceWith(document.adoptNode(fresh));
        }
    };

    const refresh = async () => {
        const main = document.querySelector("main[data-etag]");
        if (!main || busy || document.visibilityState !== "visible" || Date.now() - last < PAUSE) {
            return;
        }
        busy = true;
        last = Date.now();
        try {
            const response = await fetch(window.location.href, {
                cache: "no-store",
                credentials: "same-origin",
                headers: { "If-None-Match": main.dataset.etag },
            });
            if (response.ok) {
                await show(main, response);
            } else if (response.status === 404) {
                window.location.reload();
            }
        } catch {
            /* No connection at this moment: the next minute will do. */
        } finally {
            busy = false;
        }
    };

    document.addEventListener("visibilitychange", refresh);
    window.setInterval(refresh, PAUSE / 4);
})();
