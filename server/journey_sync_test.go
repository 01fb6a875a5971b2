package main

import (
	"maps"
	"slices"
	"strings"
)

// sync presses "Sync contacts now" and waits until the run has ended, as the
// page tells live: its stream must have been heard.
func (j *journey) sync(ends ...string) {
	j.t.Helper()
	j.page.goOn("Sync contacts now")
	j.page.wait("the end of the run", `!document.getElementById("progress") && !!document.getElementById("sync")`)
	j.page.sees(ends...)
	heard, err := eval[bool](j.page, `performance.getEntriesByType("resource").some(e => e.name.endsWith("/sync/progress"))`)
	if err != nil || !heard {
		j.t.Errorf("the run was not followed live (%v)", err)
	}
}

// twoWay chooses Two way and all contacts. The first run would write to the
// CRM, so it waits for Yes.
func (j *journey) twoWay() {
	j.page.goOn("Sync settings")
	j.page.sees("Sync direction", "CRM entity to sync", "Save settings")
	j.page.lacks("Which of my contacts go to the CRM")
	j.page.look("settings")
	j.page.click("Two way")
	j.page.sees("Which of my contacts go to the CRM")
	j.page.click("All of my contacts")
	j.page.click("More settings")
	j.page.look("settings-two-way")
	j.page.goOn("Save settings")
	j.page.sees("Settings saved.", "Your own choice")
	j.page.look("settings-saved")
	j.page.goOn("Connections")
	j.sync("Waiting for your Yes")
	j.page.look("connections-waiting")
	j.pane.click("Menu")
	j.pane.click("Reload")
	j.pane.sees("The sync waits for you")
	j.pane.look("sidebar-waiting")
	j.pane.click("Look at it")
	other := j.meet("page", "/continue?ticket=")
	other.sees("Continue as Uma Usher")
	other.close()
	j.page.goOn("See every change")
	j.page.sees("What would change")
	j.page.look("run-waiting")
	j.page.goOn("Connections")
	j.page.goOn("Yes, sync contacts")
	j.page.wait("the end of the run", `!document.getElementById("progress") && !!document.getElementById("sync")`)
	j.page.sees("Succeeded")
	j.page.look("connections-two-way")
	j.crm, j.book = j.open(j.side+"/crm/people"), j.open(j.side+"/address-book/people/uma")
	j.same()
	j.crm.look("sandbox-crm")
	j.book.look("sandbox-address-book")
}

// persons reads a sandbox's people: names with what stands beside them.
func (b *tab) persons() map[string]string {
	b.t.Helper()
	b.visit(b.name)
	list, err := eval[[][]string](b, `[...document.querySelectorAll("ul.people li")].map(li => [li.querySelector("a").innerText, li.innerText.replace(/\s+/g, " ")])`)
	if err != nil {
		b.t.Fatal(err)
	}
	all := map[string]string{}
	for _, p := range list {
		for name := p[0]; ; name += " (again)" {
			if _, twice := all[name]; !twice {
				all[name] = p[1]
				break
			}
		}
	}
	return all
}

// same says that Uma's people are the same on both sides, each once, and gives
// how many they are.
func (j *journey) same() int {
	j.t.Helper()
	crm, book := j.crm.persons(), j.book.persons()
	maps.DeleteFunc(crm, func(_, line string) bool { return !strings.Contains(line, "Uma Usher") })
	if len(book) < 30 {
		j.t.Fatalf("the address book has only %d people", len(book))
	}
	for name := range book {
		if _, ok := crm[name]; !ok {
			j.t.Errorf("%s is in the address book and not in the CRM", name)
		}
	}
	for name := range crm {
		if _, ok := book[name]; !ok {
			j.t.Errorf("%s is in the CRM and not in the address book", name)
		}
	}
	return len(book)
}

// edits changes a person on each side, and one on both.
func (j *journey) edits() {
	names := slices.Sorted(maps.Keys(j.book.persons()))
	edit := func(at *tab, name, title string) {
		at.goOn(name)
		at.fill("Job title", title)
		at.goOn("Save")
		at.sees("Saved.", title)
	}
	edit(j.crm, names[0], "Edited in the CRM")
	edit(j.book, names[1], "Edited in the address book")
	edit(j.crm, names[2], "Said by the CRM")
	edit(j.book, names[2], "Said by the address book")
	j.crm.goOn(names[0])
	j.crm.look("sandbox-person")
	j.sync("updated", "1 in conflict")
	crm, book := j.crm.persons(), j.book.persons()
	for i, want := range []string{"Edited in the CRM", "Edited in the address book", "Said by the CRM"} {
		if !strings.Contains(crm[names[i]], want) || !strings.Contains(book[names[i]], want) {
			j.t.Errorf("%q did not arrive:\nCRM: %s\naddress book: %s", want, crm[names[i]], book[names[i]])
		}
	}
	j.page.look("connections-conflict")
	j.page.goOn("3 updated")
	j.page.sees("What happened")
	j.page.goOn("Conflicts")
	j.page.sees("Said by the CRM", "Said by the address book", "stands")
	j.page.look("run-conflicts")
}

// preview shows what a run would do: nothing.
func (j *journey) preview() {
	j.page.goOn("Connections")
	j.page.click("More sync actions")
	j.page.look("connections-menu")
	j.page.goOn("Preview changes")
	j.page.wait("the end of the preview", `!document.getElementById("progress")`)
	j.page.sees("Preview", "Planned")
	j.page.look("preview")
}

// reset forgets what belongs together; the next run finds it again.
func (j *journey) reset() {
	before := j.same()
	j.page.goOn("Connections")
	j.page.click("More sync actions")
	j.page.click("Reset contacts sync")
	j.page.sees("Reset contacts sync?")
	j.page.look("reset")
	j.page.goOn("Yes")
	j.page.sees("Contacts sync was reset.")
	j.page.look("connections-reset")
	j.sync("linked")
	if after := j.same(); after != before {
		j.t.Errorf("%d people before the reset, %d after the sync that followed", before, after)
	}
}

// automatic switches automatic sync on.
func (j *journey) automatic() {
	j.page.goOn("Enable automatic contacts sync")
	j.page.wait("the switch on", `document.getElementById("auto").checked`)
	j.page.lacks("When you press Sync contacts now")
	j.page.look("connections-automatic")
}

// activity shows the runs, and one of them.
func (j *journey) activity() {
	j.page.goOn("Activity")
	j.page.sees("Succeeded", "Preview")
	j.page.look("activity")
	first, err := eval[string](j.page, `[...document.querySelectorAll(".run a")].at(-1).href`)
	if err != nil {
		j.t.Fatal(err)
	}
	j.page.visit(first)
	j.page.sees("What happened")
	j.page.look("run")
	for _, kind := range []string{"Differences", "Not in sync"} {
		j.page.goOn(kind)
		j.page.look("run-" + strings.ReplaceAll(strings.ToLower(kind), " ", "-"))
	}
}

// undo lets the value that lost a conflict stand again, and takes a run back.
func (j *journey) undo() {
	j.page.goOn("Activity")
	j.page.goOn("3 updated, 1 in conflict")
	j.page.goOn("Conflicts")
	name := ""
	for n, line := range j.crm.persons() {
		if strings.Contains(line, "Said by the CRM") {
			name = n
		}
	}
	j.page.goOn("Restore mine")
	j.crm.becomes(name, "Said by the address book")
	j.page.goOn("Activity")
	j.page.look("activity-restored")
	j.page.goOn("Undo")
	j.page.sees("What happened")
	j.page.look("run-restored")
	j.page.goOn("Undo this run")
	j.page.wait("the plan to take it back", `!document.getElementById("progress")`)
	j.page.sees("Take this run back?")
	j.page.look("run-undo")
	j.page.goOn("Yes, take it back")
	j.crm.becomes(name, "Said by the CRM")
}

// becomes waits until the person's line holds the words.
func (b *tab) becomes(name, words string) {
	b.t.Helper()
	b.until(name+" to read "+words, func() bool { return strings.Contains(b.persons()[name], words) })
}

// sidebar looks at every kind of item.
func (j *journey) sidebar() {
	show := func(item, name string, words ...string) {
		j.outlook.click(item)
		j.pane.sees(words...)
		j.pane.look("sidebar-" + name)
	}
	show("Delivery dates for spring", "in-sync", "In sync", "Open in CRM")
	show("Question about your offer", "stranger", "Quentin Newcomer", "Not in CRM")
	show("Re: Minutes of the meeting", "thread", "Sender", "Recipient", "In sync")
	show("Our new price list", "compose", "Recipient", "Not in CRM")
	show("Quarterly review", "organizer", "Attendee")
	show("Visit to the new site", "attendee", "Organizer", "Attendee")
	show("Nothing selected", "nothing", "Select a message or an event to see its people.")
	j.outlook.click("Delivery dates for spring")
	j.pane.sees("In sync")
	j.pane.click("Open in CRM")
	record := j.meet("page", "/crm/")
	record.sees("Sandbox CRM: contacts")
	record.wait("the person to be marked", `!!document.querySelector("li:target")`)
	record.close()
	j.pane.click("Menu")
	j.pane.sees("Auto sync", "Signed in as Uma Usher")
	j.pane.click("Other tools")
	j.pane.sees("Automatic sync", "Copy link")
	j.pane.look("sidebar-menu")
	j.pane.click("Copy link")
	j.pane.click("Automatic sync")
	other := j.meet("page", "/continue?ticket=")
	other.goOn("Continue as Uma Usher")
	other.sees("Sync contacts now")
	other.close()
	if cookies, err := eval[string](j.pane, "document.cookie"); err != nil || cookies != "" {
		j.t.Errorf("the sidebar has cookies: %q (%v)", cookies, err)
	}
}
