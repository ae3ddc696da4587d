import { SignatureForm } from "@portal/signature_form/signature_form";
import { patch } from "@web/core/utils/patch";

/**
 * Core's form stays blocked after a refusal. On the page of an agreement it can be used again: the
 * reason says what to correct, and the drawing is still there.
 */
patch(SignatureForm.prototype, {
    async onClickSubmit() {
        if (!this.props.callUrl.startsWith("/my/agreements/")) {
            return super.onClickSubmit();
        }
        const button = document.querySelector(".o_portal_sign_submit");
        const icon = button.firstChild;
        try {
            return await super.onClickSubmit();
        } finally {
            // After an accepted signature the page is loaded anew, and this is not reached.
            button.querySelector(".fa-spin")?.remove();
            button.classList.remove("o_btn_loading", "disabled", "pe-none");
            button.disabled = false;
            button.prepend(icon);
        }
    },
});
