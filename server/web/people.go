package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"tandem/server/connect"
	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/store"
	"tandem/views"
)

// lookupTime bounds how long the sidebar waits for the CRM.
const lookupTime = 15 * time.Second

// mostPeople is how many people of an item are looked up, longestEmail how long
// an address may be (RFC 3696, erratum 1690).
const (
	mostPeople   = 50
	longestEmail = 254
)

// people is what the sidebar shows for the people of one item.
func (w *Web) people(c echo.Context) error {
	ctx, u := c.Request().Context(), user(c)
	v := views.People{Name: displayName(u), Email: u.Email}
	crm, err := w.Connect.Current(ctx, u.ID, provider.CRM)
	connected := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	server, err := w.Connect.Current(ctx, u.ID, provider.Contacts)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if !connected || err != nil {
		link, err := w.ticketLink(c)
		if err != nil {
			return err
		}
		v.Start = &link
	}
	if v.Banners, err = w.banners(c, crm, server); err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return problem(http.StatusBadRequest, "The request could not be read.", "Select the item again.")
	}
	asked := persons(form["email"], form["name"], form["role"])
	v.More, _ = strconv.Atoi(c.FormValue("more"))
	if len(asked) == 0 {
		v.Empty = empty(c.FormValue("item"), c.FormValue("mode"))
		return render(c, http.StatusOK, views.PeopleFragment(v))
	}
	if v.People, err = w.lookUp(ctx, u, crm, connected, asked); err != nil {
		return err
	}
	return render(c, http.StatusOK, views.PeopleFragment(v))
}

func empty(item, mode string) string {
	switch {
	case item == "none" || item == "":
		return "Select a message or an event to see its people."
	case mode == "compose":
		return "Add a recipient to see them here."
	}
	return "Nobody but you is on this item."
}

// persons are the people of the item, each address once.
func persons(emails, names, roles []string) []views.Person {
	at := func(list []string, i int) string {
		if i < len(list) {
			return list[i]
		}
		return ""
	}
	seen := map[string]bool{}
	var out []views.Person
	for i, e := range emails {
		key := contact.Fold(e)
		if key == "" || len(e) > longestEmail || seen[key] || len(out) == mostPeople {
			continue
		}
		seen[key] = true
		out = append(out, views.Person{Name: at(names, i), Email: e, Role: at(roles, i)})
	}
	return out
}

// lookUp asks the CRM about the people, with this user's own sign-in.
func (w *Web) lookUp(ctx context.Context, u store.User, crm store.Connection, connected bool, asked []views.Person) ([]views.Person, error) {
	if !connected {
		for i := range asked {
			asked[i].State = views.ConnectFirst
		}
		return asked, nil
	}
	settings, err := w.Store.Effective(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	entity := settings[store.SettingEntity].Value
	emails := make([]string, len(asked))
	for i, p := range asked {
		emails[i] = p.Email
	}
	askCtx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	answers, askErr := w.lookup.find(askCtx, lookupKey{user: u.ID, connection: crm.ID, entity: entity}, emails, func() (contact.Book, error) {
		return w.Connect.Open(askCtx, crm, connect.Open{
			Entity: provider.Entity(entity), Scope: provider.Scope(settings[store.SettingScope].Value), Country: settings[store.SettingCountry].Value,
		})
	})
	if askErr != nil {
		w.Log.Info("people not looked up", "connection", crm.ID, "error", askErr, "cause", errors.Unwrap(askErr))
	}
	links, err := w.linked(ctx, u, answers)
	if err != nil {
		return nil, err
	}
	name := w.providerName(crm)
	for i := range asked {
		p := &asked[i]
		a, told := answers[contact.Fold(p.Email)]
		p.CRM, p.Record = name, recordWord(entity)
		switch {
		case !told:
			p.State, p.Reason = views.NotReachable, explain(askErr).Text
		case len(a.records) == 0:
			p.State, p.Checked = views.NotInCRM, views.At(a.at, w.Now())
		default:
			w.describe(p, a, links, settings[store.SettingScope].Value)
		}
	}
	return asked, nil
}

// describe fills in what the CRM knows of a person.
func (w *Web) describe(p *views.Person, a answer, links map[contact.ID]store.Link, scope string) {
	rec := a.records[0]
	for _, r := range a.records {
		if _, ok := links[r.ID]; ok {
			rec = r
		}
	}
	if name := rec.Contact.Name.Display(); name != "" {
		p.Name = name
	}
	p.Company, p.Title, p.Open = rec.Contact.Organization, rec.Contact.JobTitle, rec.URL
	if len(rec.Contact.Phones) > 0 {
		p.Phone = rec.Contact.Phones[0].Number
	}
	p.Checked = views.At(a.at, w.Now())
	for _, r := range a.records {
		if r.ID != rec.ID {
			p.Others = append(p.Others, views.Link{Label: r.Contact.Name.Display(), URL: r.URL, External: true})
		}
	}
	link, ok := links[rec.ID]
	switch {
	case ok && link.State == 0:
		p.State = views.InSync
	case ok:
		p.State, p.Reason = views.FoundNotSynced, linkReasons[link.State]
	case scope == "mine" && !rec.Mine:
		p.State, p.Reason = views.FoundNotSynced, "It is a colleague's record, and only your own are synchronised."
	default:
		p.State, p.Reason = views.FoundNotSynced, "The next sync takes it in, unless it is listed under Review or Not in sync."
	}
}

// linkReasons say why a link is not at work, by plan.LinkState.
var linkReasons = map[uint8]string{
	1: "The record was removed from the CRM.", 2: "You removed this person from your contacts.",
	3: "You chose never to sync this person.", 4: "It waits for you under Review.", 5: "It is no longer in the scope.",
}

// linked reads the user's links of the records found.
func (w *Web) linked(ctx context.Context, u store.User, answers map[string]answer) (map[contact.ID]store.Link, error) {
	out := map[contact.ID]store.Link{}
	var ids []string
	for _, a := range answers {
		for _, r := range a.records {
			ids = append(ids, string(r.ID))
		}
	}
	pair, _, err := w.pair(ctx, u)
	if errors.Is(err, store.ErrNotConnected) || len(ids) == 0 {
		return out, nil
	} else if err != nil {
		return nil, err
	}
	links, err := w.Store.LinksBy(ctx, pair.ID, 0, ids)
	for _, l := range links {
		out[contact.ID(l.LeftID)] = l
	}
	return out, err
}

// banners are what waits for the user: Reconnect needed, a halted run. Their
// links carry a ticket, as every way from the sidebar to the page does.
func (w *Web) banners(c echo.Context, conns ...store.Connection) ([]views.Notice, error) {
	var out []views.Notice
	for _, conn := range conns {
		if conn.State == store.StateReconnect {
			out = append(out, views.Notice{Tone: views.Warning, Title: "Reconnect needed",
				Text: w.providerName(conn) + " no longer accepts the sign-in.", Action: &views.Link{Label: "Reconnect", External: true}})
		}
	}
	runs, err := w.Store.Runs(c.Request().Context(), user(c).ID, 0, 1)
	if err != nil {
		return nil, err
	}
	if len(runs) == 1 && runs[0].State == store.RunHalted {
		out = append(out, views.Notice{Tone: views.Warning, Title: "The sync waits for you", Text: runs[0].Reason,
			Action: &views.Link{Label: "Look at it", External: true}})
	}
	for i := range out {
		link, err := w.ticketLink(c)
		if err != nil {
			return nil, err
		}
		out[i].Action.URL = link.URL
	}
	return out, nil
}

func recordWord(entity string) string {
	if entity == "leads" {
		return "Lead"
	}
	return "Contact"
}

func displayName(u store.User) string {
	if u.Name != "" {
		return u.Name
	}
	return u.Email
}
