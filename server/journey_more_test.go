package main

import "strings"

// disconnect ends both connections, and connects again with what goes wrong on
// the way: nothing is stored, and what was typed stays.
func (j *journey) disconnect() {
	j.page.goOn("Connections")
	j.page.click("Disconnect")
	j.page.sees("Disconnect EspoCRM?")
	j.page.look("disconnect")
	j.page.goOn("Yes, disconnect")
	j.page.sees("Disconnected.", "Connect to EspoCRM", "Connect your CRM first")
	j.page.look("connections-disconnected")
	j.page.click("Disconnect")
	j.page.goOn("Yes, disconnect")
	j.page.sees("Contacts server details", "Provider")

	j.awaitFault("422")
	j.page.fill("User name", "uma")
	j.page.fill("Password", "not the password")
	j.page.goOn("Connect to EspoCRM")
	j.page.wait("the fault beside the field", `!!document.querySelector("#crm .field-error") && document.activeElement?.getAttribute("aria-invalid") === "true"`)
	if got := j.page.value("User name"); got != "uma" {
		j.t.Errorf("what was typed is gone: %q", got)
	}
	j.page.look("connect-wrong-password")
	j.page.click("Custom URL")
	j.page.fill("Address of the CRM", j.side+"/healthz")
	j.page.fill("Password", password)
	j.page.goOn("Connect to EspoCRM")
	j.page.wait("the fault beside the address", `!!document.querySelector("#crm .custom-url .field-error")`)
	j.page.look("connect-wrong-address")

	j.page.goOn("Connect")
	j.page.goOn("Alex Admin") // who has not allowed it yet
	j.page.sees("Allow Tandem?")
	j.page.goOn("Deny")
	j.page.sees("Contacts server details", "Provider")
	j.page.lacks("Connected")
	j.page.look("connect-denied")
	j.page.goOn("Connections")
	j.page.lacks("Connected")
}

// others looks at the pages beside the journey: help, errors, signing out.
func (j *journey) others() {
	j.page.goOn("Help")
	j.page.sees("From Outlook to the first synced contact")
	j.page.look("help")
	j.page.goOn("iCloud")
	j.page.look("help-icloud")
	j.awaitFault("404", "403")
	j.page.visit(j.place.page + "/nowhere")
	j.page.sees("There is no such page")
	j.page.look("error-404")
	j.page.visit(j.place.page + "/global-settings")
	j.page.sees("Only administrators may see this page.")
	j.page.look("error-403")
	j.page.goOn("Sign out")
	j.page.sees("Sign in with the demo")
	j.page.look("sign-in")
}

// signIn signs in on the page.
func (j *journey) signIn(name string) {
	j.page.goOn("Sign in with the demo")
	j.page.sees("Demo sign-in")
	j.page.goOn(name)
	j.page.sees("Connections", name)
}

// administer makes a sync profile and gives it to Ben.
func (j *journey) administer() {
	j.page.goOn("Global settings")
	j.page.sees("The organization's CRM", "Settings for all users")
	j.page.look("global-settings")
	j.page.goOn("Save settings")
	j.page.sees("Global settings saved.")
	j.page.goOn("Sync profiles")
	j.page.sees("No sync profile yet.")
	j.page.look("profiles-none")
	j.page.fill("New profile", "Sales")
	j.page.goOn("Create profile")
	j.page.sees("What this profile overrides")
	j.page.choose("Sync direction", "One way (CRM to contacts)")
	j.page.click("Lock for this profile (Sync direction)")
	j.page.look("profile")
	j.page.goOn("Save settings")
	j.page.sees("Sync profile saved.")
	j.page.goOn("Sync profiles")
	j.page.click("Ben Baker")
	j.page.choose("Profile for the chosen users", "Sales")
	j.page.goOn("Assign")
	j.page.sees("Sync profile assigned.")
	j.page.look("profiles")
	j.page.goOn("Sign out")
}

// follow connects Ben, whose run follows his profile.
func (j *journey) follow() {
	j.page.goOn("Sync settings")
	j.page.sees("Set by your organization", "Sync profile")
	j.page.look("settings-locked")
	j.page.goOn("Connections")
	j.page.fill("User name", "ben")
	j.page.fill("Password", password)
	j.page.goOn("Connect to EspoCRM")
	j.page.sees("Your CRM is connected.")
	j.page.click("Enter the details by hand instead")
	j.page.look("connect-by-hand")
	j.page.fill("User name", "ben")
	j.page.fill("Password", password)
	j.page.goOn("Connect with these details")
	j.page.sees("Your contacts server is connected.")
	before := j.crm.persons()
	j.sync("Succeeded", "created")
	j.page.look("connections-ben")
	after := j.crm.persons()
	if len(after) != len(before) {
		j.t.Errorf("the CRM had %d people before Ben's run and has %d after it: one way must not write it", len(before), len(after))
	}
	book := j.open(j.side + "/address-book/people/ben").persons()
	mine := 0
	for name, line := range after {
		if !strings.Contains(line, "Ben Baker") {
			continue
		}
		mine++
		if _, ok := book[strings.TrimSuffix(name, " (again)")]; !ok {
			j.t.Errorf("%s is in Ben's CRM and not in his address book", name)
		}
	}
	if mine == 0 {
		j.t.Error("Ben has nobody in the CRM")
	}
}
