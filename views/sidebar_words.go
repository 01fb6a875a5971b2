package views

import (
	"strconv"
	"strings"
)

// stateTone is how a person's state feels.
func stateTone(s PersonState) Tone {
	switch s {
	case InSync:
		return Success
	case NotReachable:
		return Warning
	case FoundNotSynced:
		return Info
	default:
		return ""
	}
}

// recordIn names the record that Open leads to.
func recordIn(p Person) string {
	if p.CRM == "" {
		return p.Record
	}
	return or(p.Record, "Record") + " in " + p.CRM
}

// dialable leaves of a phone number what a tel: address may hold.
func dialable(phone string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' || r == '*' || r == '#' {
			return r
		}
		return -1
	}, phone)
}

func personID(i int) string { return "person-" + strconv.Itoa(i) }
