package views

import (
	"slices"
	"strings"
)

// pick is yes where cond holds, else no.
func pick(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}

// noticeRole announces what is grave at once and the rest politely.
func noticeRole(t Tone) string {
	if t == Danger {
		return "alert"
	}
	return "status"
}

// describedBy lists the IDs of a field's help and error, "" for none.
func describedBy(id, help, fault string) string {
	var ids []string
	if help != "" {
		ids = append(ids, id+"-help")
	}
	if fault != "" {
		ids = append(ids, id+"-error")
	}
	return strings.Join(ids, " ")
}

// settingDescribedBy adds to a closed setting who closed it.
func settingDescribedBy(s Setting, disabled bool) string {
	d := describedBy(s.Name, s.Help, s.Error)
	if disabled {
		return strings.TrimSpace(d + " " + s.Name + "-from")
	}
	return d
}

// initials are up to two letters that stand for a name.
func initials(name string) string {
	var out []rune
	for _, w := range strings.Fields(name) {
		if r := []rune(w)[0]; len(out) < 2 && r != '(' && r != '"' {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return "?"
	}
	return strings.ToUpper(string(out))
}

// or is s, else fallback where s is empty.
func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// connectLabel is the text of a form's button; no two of a provider are alike.
func connectLabel(key string, f ConnectForm, w ConnectWay, first bool) string {
	switch {
	case w.Attempt != "":
		return "Continue"
	case !first && w.Method != "oauth":
		return "Connect with these details"
	case key == "crm":
		return "Connect to " + f.Name
	default:
		return "Connect"
	}
}

// ResetText is what Reset contacts sync means, in sentences: for its dialog and
// for the ConfirmPage that stands in for it.
func ResetText(r Reset) []string {
	text := []string{
		"This forgets how " + plural(r.Links, "contact") + " are linked and starts anew. It changes no contact on either side and keeps your connections and settings.",
		"The next sync finds the same people again; it creates no duplicates and deletes nothing. You can undo the reset for 30 days.",
	}
	if r.Links == 1 {
		text[0] = "This forgets how 1 contact is linked and starts anew. It changes no contact on either side and keeps your connections and settings."
	}
	if r.Removed == 1 {
		text = append(text, "1 contact that you had deleted would come back.")
	} else if r.Removed > 1 {
		text = append(text, number(r.Removed)+" contacts that you had deleted would come back.")
	}
	return text
}

// ResetKeep is the label of the ticked box of the same dialog, "" for none.
func ResetKeep(r Reset) string {
	switch {
	case r.Removed == 0:
		return ""
	case r.Removed == 1:
		return "Keep it removed"
	default:
		return "Keep them removed"
	}
}

// had says whether any field had a value before, has whether any has one now.
func had(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Before != "" })
}

func has(changes []Change) bool {
	return !had(changes) || slices.ContainsFunc(changes, func(c Change) bool { return c.After != "" })
}

// mapGroup is the fields that go one way.
type mapGroup struct {
	Where  string
	Fields []string
	Notes  []string
}

// mapGroups puts the field map in groups, the widest direction first. The notes
// begin with their field.
func mapGroups(rows []MapRow, left, right string) []mapGroup {
	var out []mapGroup
	for _, direction := range []string{"two-way", "crm-to-contacts", "contacts-to-crm", ""} {
		g := mapGroup{Where: mapDirection(direction, left, right)}
		for _, r := range rows {
			if r.Direction != direction {
				continue
			}
			g.Fields = append(g.Fields, r.Field)
			if r.Note != "" {
				g.Notes = append(g.Notes, r.Field+": "+r.Note)
			}
		}
		if len(g.Fields) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// mapDirection says in words where a field goes.
func mapDirection(direction, left, right string) string {
	switch direction {
	case "two-way":
		return "Both ways"
	case "crm-to-contacts":
		return "From " + or(left, "the CRM") + " to " + or(right, "contacts")
	case "contacts-to-crm":
		return "From " + or(right, "contacts") + " to " + or(left, "the CRM")
	default:
		return "Not synchronised"
	}
}

// profileOf names a user's profile in words.
func profileOf(u UserLine) string { return or(u.Profile, "Global settings only") }

// overrides lists what a profile sets.
func overrides(names []string) string {
	if len(names) == 0 {
		return "Nothing yet"
	}
	return strings.Join(names, ", ")
}

// joined sets the parts that are there beside each other.
func joined(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " · ")
}

// facts are the small facts behind a run's time.
func facts(r RunLine) string {
	took := ""
	if r.Took != "" {
		took = "took " + r.Took
	}
	if s := joined(r.Trigger, took); s != "" {
		return " · " + s
	}
	return ""
}
