package web

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"tandem/addin"
	"tandem/server/provider"
	"tandem/views"
)

// healthz says that the process is alive.
func (w *Web) healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// readyTime is how long the database may take for a sign of life.
const readyTime = 5 * time.Second

// readyz says that the process can serve: its database answers.
func (w *Web) readyz(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), readyTime)
	defer cancel()
	if err := w.Store.Ping(ctx); err != nil {
		w.Log.Error("not ready", "error", err)
		return c.String(http.StatusServiceUnavailable, "the database does not answer\n")
	}
	return c.String(http.StatusOK, "ready\n")
}

// manifest is what Outlook is given, for this service's own address.
func (w *Web) manifest(c echo.Context) error {
	m, err := addin.Manifest(w.AddinURL, w.BaseURL)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="manifest.xml"`)
	return c.Blob(http.StatusOK, "application/xml; charset=utf-8", m)
}

// help is the overview, or the page about one provider.
func (w *Web) help(c echo.Context) error {
	topic := c.Param("topic")
	var topics []views.Link
	for _, side := range []provider.Side{provider.CRM, provider.Contacts} {
		for _, p := range w.Connect.Menu(side) {
			topics = append(topics, views.Link{Label: p.Name, URL: views.HelpPath(p.ID)})
			if p.ID == topic {
				return render(c, http.StatusOK, views.HelpPage(w.providerHelp(c, p)))
			}
		}
	}
	if topic != "" {
		return errNotFound
	}
	return render(c, http.StatusOK, views.HelpPage(views.Help{
		Page: w.frame(c, views.TabNone, "Help", "How Tandem keeps your CRM and your contacts in step."),
		Sections: []views.HelpSection{
			{Heading: "From Outlook to the first synced contact", Steps: []string{
				"Open an e-mail or a calendar event, and open the sidebar.",
				"Choose the menu, then Other tools, then Automatic sync. The page opens in a new tab.",
				"Under Connections > Contacts, connect your CRM and your contacts server.",
				"Under Sync settings > Contacts, choose the Sync direction and the CRM entity to sync, and Save settings.",
				"Click Sync contacts now. Preview changes shows beforehand what it would do.",
			}},
			{Heading: "What Tandem never does", Paragraphs: []string{
				"It never deletes because something is missing from a list: a deletion needs a direct answer that the record is gone, and too many deletions wait for your Yes.",
				"It never guesses who is who: where several people could be meant, nothing is written, and you find them under Activity.",
				"It never touches what it does not synchronise: other fields and lines stay as they are.",
			}},
			{Heading: "Reset contacts sync", Paragraphs: []string{
				"A reset forgets which contacts belong together, and changes no contact on either side. The next sync finds them again and creates none twice. It can be undone for 30 days.",
			}},
		},
		Topics: topics,
	}))
}

func (w *Web) providerHelp(c echo.Context, p provider.Provider) views.Help {
	v := views.Help{Page: w.frame(c, views.TabNone, "Connecting "+p.Name, "")}
	s := views.HelpSection{Heading: "What you need"}
	if p.Help != "" {
		s.Paragraphs = append(s.Paragraphs, p.Help)
	}
	for _, m := range p.Methods {
		if m == provider.OAuth {
			s.Paragraphs = append(s.Paragraphs, "You are led to "+p.Name+" to sign in there and to allow the access. Tandem never sees your password.")
		}
	}
	for _, f := range p.Fields {
		if f.Help != "" {
			s.Steps = append(s.Steps, f.Label+": "+f.Help)
		}
	}
	if len(s.Paragraphs) == 0 {
		s.Paragraphs = append(s.Paragraphs, "Enter the address of your server and your sign-in there.")
	}
	v.Sections = append(v.Sections, s)
	if p.HelpURL != "" {
		v.More = &views.Link{Label: p.Name + "'s own page about it", URL: p.HelpURL, External: true}
	}
	return v
}
