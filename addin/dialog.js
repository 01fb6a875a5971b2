// The end of the sign-in dialog: hands the one-time code, or what went wrong,
// to the sidebar, which closes this window.

Office.onReady(() => {
  const { code, error } = document.body.dataset;
  if (code || error) Office.context.ui.messageParent(JSON.stringify({ code, error }));
});
