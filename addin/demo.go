package addin

import (
	"embed"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

//go:embed demo/outlook.html demo/outlook.css demo/outlook.js
var demoFiles embed.FS

// DemoPerson is somebody in the sample mail.
type DemoPerson struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// Demo is "Outlook (demo)": a stand-in mailbox with sample mail that frames the
// real sidebar, which then loads DemoOfficeJS in place of Office.js. It has to
// run on another host than the sidebar, as Outlook does.
type Demo struct {
	// SidebarURL is the whole address of the sidebar.
	SidebarURL string
	// User is whose mailbox it is.
	User DemoPerson
	// People are who writes: at least one, best some that the sample CRM knows.
	// A stranger whom no CRM knows is added.
	People []DemoPerson
}

// demoItem is one item of the mailbox.
type demoItem struct {
	ID      string       `json:"id"`
	Kind    string       `json:"kind"` // message, appointment
	Mode    string       `json:"mode"` // read, compose
	Label   string       `json:"label"`
	When    string       `json:"when"`
	Subject string       `json:"subject"`
	From    DemoPerson   `json:"from"`
	To      []DemoPerson `json:"to"`
	CC      []DemoPerson `json:"cc"`
	Body    []string     `json:"body"`
}

// items has every kind of item that the sidebar can meet.
func (d Demo) items() []demoItem {
	p := func(i int) DemoPerson { return d.People[i%len(d.People)] }
	stranger := DemoPerson{"Quentin Newcomer", "quentin.newcomer@elsewhere.example.test"}
	to := func(people ...DemoPerson) []DemoPerson { return people }
	return []demoItem{
		{"read", "message", "read", "Message", "Today, 09:14", "Delivery dates for spring", p(0), to(d.User), to(p(1)),
			[]string{"Good morning,", "could you send me the delivery dates for the spring order? My new phone number is in the signature.", "Best regards"}},
		{"stranger", "message", "read", "Message", "Today, 08:02", "Question about your offer", stranger, to(d.User), nil,
			[]string{"Hello,", "a colleague gave me your address. Could we talk next week?"}},
		{"thread", "message", "read", "Message", "Yesterday, 16:40", "Re: Minutes of the meeting", p(2), to(d.User, p(3), p(4)), to(p(5), p(2)),
			[]string{"Thank you all.", "I have added two points at the end."}},
		{"draft", "message", "compose", "Draft", "Draft", "Our new price list", d.User, to(p(6)), to(stranger),
			[]string{"Dear customer,", "please find our new price list attached."}},
		{"organizer", "appointment", "compose", "Your event", "Thursday, 10:00 to 10:30", "Quarterly review", d.User, to(p(7), p(8)), to(p(0)),
			[]string{"Agenda: numbers, plans, questions."}},
		{"attendee", "appointment", "read", "Event", "Friday, 14:00 to 15:00", "Visit to the new site", p(9), to(d.User, p(1)), nil,
			[]string{"We meet at the entrance."}},
	}
}

// Handler serves the mailbox at the root of its host.
func (d Demo) Handler() http.Handler {
	mux := http.NewServeMux()
	serve := func(path, kind string, body []byte) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Content-Security-Policy", d.policy())
			_, _ = w.Write(body)
		})
	}
	file := func(f embed.FS, name string) []byte {
		b, err := f.ReadFile(name)
		if err != nil {
			panic(err) // embedded files cannot fail to be read
		}
		return b
	}
	items, err := json.Marshal(map[string]any{"sidebar": d.SidebarURL, "user": d.User, "items": d.items()})
	if err != nil {
		panic(err) // plain strings always encode
	}
	serve("/{$}", "text/html; charset=utf-8", file(demoFiles, "demo/outlook.html"))
	serve("/outlook.css", "text/css; charset=utf-8", file(demoFiles, "demo/outlook.css"))
	serve("/outlook.js", "text/javascript; charset=utf-8", file(demoFiles, "demo/outlook.js"))
	serve("/icon.png", "image/png", file(files, "icons/icon-80.png"))
	serve("/items.json", "application/json", items)
	return mux
}

// policy lets the mailbox load its own files and frame the sidebar only.
func (d Demo) policy() string {
	frame := "'none'"
	if u, err := url.Parse(d.SidebarURL); err == nil && u.Host != "" {
		frame = u.Scheme + "://" + u.Host
	}
	return strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
		"frame-src " + frame, "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
	}, "; ")
}
