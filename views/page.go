package views

import (
	"fmt"
	"time"
)

// Page is the frame around every page of the tab.
type Page struct {
	// Title is the page's heading and the first part of the browser's title.
	Title string
	// Lead is the sentence below the heading, "" for none.
	Lead string
	// Tab is the top tab that is current.
	Tab Tab
	// Viewer is who is signed in; nil on the pages before sign-in, which have
	// no tabs.
	Viewer *Viewer
	// Notices stand above the content, the gravest first.
	Notices []Notice
}

// Viewer is the user who looks at the page.
type Viewer struct {
	Name  string // the name, else the e-mail
	Email string
	// Admin shows the administrators' tabs.
	Admin bool
}

// Tab names a top tab.
type Tab string

// The top tabs.
const (
	TabNone        Tab = ""
	TabConnections Tab = "connections"
	TabSettings    Tab = "settings"
	TabActivity    Tab = "activity"
	TabGlobal      Tab = "global"
	TabProfiles    Tab = "profiles"
)

// Tone is how a message feels. It is never told by colour alone.
type Tone string

// The tones.
const (
	Info    Tone = "info"
	Success Tone = "success"
	Warning Tone = "warning"
	Danger  Tone = "danger"
)

// Notice is a message: what happened and what to do.
type Notice struct {
	Tone Tone
	// Title is the short bold part, "" for none. Text is the sentence.
	Title, Text string
	// Action is a link after the text; nil for none.
	Action *Link
}

// Link is a labelled address. External links open a new tab.
type Link struct {
	Label, URL string
	External   bool
}

// Option is one element of a choice.
type Option struct {
	Value, Label string
	// Hint explains the choice in a sentence; radio groups show it.
	Hint string
	// Disabled options are shown with their hint but cannot be chosen.
	Disabled bool
}

// Moment is a point in time as people read it. The zero Moment shows nothing.
type Moment struct {
	// Text is read by people ("5 minutes ago"), Full is the tooltip with date
	// and time, ISO is for machines (RFC 3339).
	Text, Full, ISO string
}

// At makes a Moment out of t as seen at now, in now's time zone. The zero time
// gives the zero Moment.
func At(t, now time.Time) Moment {
	if t.IsZero() {
		return Moment{}
	}
	t = t.In(now.Location())
	return Moment{Text: ago(t, now), Full: t.Format("2 January 2006, 15:04 MST"), ISO: t.Format(time.RFC3339)}
}

func ago(t, now time.Time) string {
	d := now.Sub(t)
	in := d < 0
	if in {
		d = -d
	}
	var s string
	switch {
	case d < 45*time.Second && in:
		return "in a moment"
	case d < 45*time.Second:
		return "just now"
	case d < 59*time.Minute+30*time.Second:
		s = plural(int((d+30*time.Second)/time.Minute), "minute")
	case d < 20*time.Hour:
		s = plural(int((d+30*time.Minute)/time.Hour), "hour")
	case t.Year() == now.Year():
		return t.Format("2 January, 15:04")
	default:
		return t.Format("2 January 2006")
	}
	if in {
		return "in " + s
	}
	return s + " ago"
}

// plural is "1 contact", "2 contacts", "1,200 contacts".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// number groups thousands: 1200 is "1,200".
func number(n int) string {
	if n < 0 {
		return "-" + number(-n)
	}
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return number(n/1000) + fmt.Sprintf(",%03d", n%1000)
}
