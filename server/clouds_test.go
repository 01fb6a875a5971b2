package main

import "testing"

// Microsoft 365 and Google are connected by redirect, consent is denied once,
// and people of the CRM arrive there.
func TestJourneyToTheClouds(t *testing.T) {
	b := openBrowser(t)
	b.awaitFault("422") // the denied consents
	at := startDemo(t)
	uma := journey{browser: b, place: at}
	uma.page = b.open(at.page + "/sign-in")
	uma.page.sees("Sign in with the demo")
	uma.signIn("Uma Usher")
	uma.page.fill("User name", "uma")
	uma.page.fill("Password", password)
	uma.page.goOn("Connect to EspoCRM")
	uma.page.sees("Your CRM is connected.")
	for _, cloud := range []struct{ name, help, title, people string }{
		{"Microsoft 365 / Outlook.com", "You are led to Microsoft to sign in.", "Sandbox of Microsoft 365", "/microsoft/people/"},
		{"Google", "On Google's page, leave the box", "Sandbox of Google", "/google/people/"},
	} {
		uma.page.choose("Provider", cloud.name)
		uma.page.sees(cloud.help) // the form of this provider has replaced the other one
		uma.page.look("connect-" + cloud.name[:6])
		uma.page.goOn("Connect")
		uma.page.sees(cloud.title)
		uma.page.goOn("Uma Usher")
		uma.page.sees("Allow Tandem?")
		uma.page.goOn("Deny")
		uma.page.sees("Access was not allowed, so nothing was connected.")
		uma.page.look("denied-" + cloud.name[:6])
		uma.page.goOn("Connect")
		uma.page.sees(cloud.title)
		uma.page.goOn("Uma Usher")
		uma.page.goOn("Allow")
		uma.page.sees("Your contacts server is connected.", cloud.name)
		uma.sync("Succeeded", "created")
		if n := len(b.open(at.side + cloud.people).persons()); n < 40 {
			t.Errorf("%s holds %d people, want those it had and those of the CRM", cloud.name, n)
		}
		uma.sync("Everything is in step")
		uma.page.visit(at.page + "/connections/contacts/contacts/disconnect")
		uma.page.goOn("Disconnect")
		uma.page.sees("Disconnected.", "Contacts server details")
	}
	b.noFaults()
}
