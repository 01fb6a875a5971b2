package kit

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"tandem/server/contact"
)

// CategoryContacts is the category that marks an address book's people as
// belonging to the CRM too.
const CategoryContacts = "CRM Contacts"

// messyFrom is the number of people from which sample people are messy.
const messyFrom = 100

var (
	givens = []string{
		"Olivia", "Noah", "Amelia", "Liam", "Sofia", "Mateo", "Hannah", "Elias", "Chloé", "Louis", "Ingrid", "Lars",
		"Zoë", "Jürgen", "Małgorzata", "Søren", "Aoife", "Tomáš", "Yuki", "Ravi", "Fatima", "Omar", "Nia", "Kofi", "Grace",
	}
	surnames = []string{
		"Martin", "Schmidt", "Rossi", "Novák", "Jensen", "Andersson", "O'Neill", "García", "Silva", "Dubois", "Müller", "Kowalska",
		"van Dijk", "Okafor", "Tanaka", "Patel", "Haddad", "Smith", "Brown", "Taylor", "Wilson", "Clark", "Nakamura", "Ferrari",
		"Lindqvist", "Moreau", "Petrov", "Costa", "Baker", "Fischer", "Nguyen",
	}
	companies = []struct{ name, domain string }{
		{"Northwind Logistics", "northwind"}, {"Alder & Finch", "alderfinch"}, {"Brightwater Energy", "brightwater"},
		{"Kestrel Software", "kestrel"}, {"Lumen Dental", "lumendental"}, {"Oakfield School", "oakfield"},
		{"Café Rouge et Noir", "rougenoir"}, {"Granite Peak Legal", "granitepeak"}, {"Harbour Foods", "harbourfoods"},
	}
	titles = []string{"Buyer", "Head of Sales", "Engineer", "Office Manager", "Founder", "Accountant", "Project Lead", "Support Agent"}
	units  = []string{"Purchasing", "Sales", "Research", "Operations", "Finance"}
	places = []contact.Address{
		{Street: "12 High Street", Locality: "Leeds", Region: "West Yorkshire", Postcode: "LS1 4AP", Country: "United Kingdom"},
		{Street: "Hauptstraße 5", Locality: "Köln", Region: "Nordrhein-Westfalen", Postcode: "50667", Country: "Germany"},
		{Street: "8 rue de la Paix", Locality: "Lyon", Postcode: "69002", Country: "France"},
		{Street: "400 Main Street\nSuite 210", Locality: "Denver", Region: "CO", Postcode: "80202", Country: "United States"},
	}
	// Names in other scripts and shapes, for messy sets.
	foreign = []contact.Name{
		{Given: "さくら", Surname: "田中"}, {Given: "伟", Surname: "王"}, {Given: "Ольга", Surname: "Иванова"},
		{Given: "مريم", Surname: "الخطيب"}, {Given: "Ελένη", Surname: "Παπαδοπούλου"}, {Given: "שרה", Surname: "כהן"},
		{Title: "Dr.", Given: "María José", Given2: "Luz", Surname: "de la Fuente-Ortiz", Generation: "Jr."},
		{Given: "Zoe\u0308", Surname: "D’Angelo"}, {Surname: "Sukarno"}, {Given: "Nguyễn", Surname: "Thị Minh Khai"},
	}
	roles  = []string{"info", "office", "sales", "support", "hello"}
	phones = []string{"+44 113 496 0%03d", "0113 496 0%03d", "+1 (303) 555-0%03d", "303.555.0%03d", "0049 221 555 0%03d", "0221/5550%03d", "+33 4 99 99 0%03d", "555 0%03d ext. 12"}
)

// Sample gives n people, the same for the same n and seed, to whom nobody else
// belongs: example.test is no domain. Below 100 they are neat: a name, one or
// two e-mails, phones and an address each. From 100 on some are as real books
// have them: the same person twice, role addresses, four e-mails, birthdays
// without a year, names in many scripts, companies without a person, several
// phones in many formats.
func Sample(n int, seed int64) []contact.Contact {
	r := rand.New(rand.NewPCG(uint64(seed), uint64(n))) //nolint:gosec // sample data, and it has to be repeatable
	out := make([]contact.Contact, 0, n)
	for i := range n {
		c := neat(r, i)
		if n >= messyFrom && i%3 == 2 {
			c = messy(r, i, c, out)
		}
		out = append(out, c)
	}
	return out
}

// neat makes the i-th person. Names repeat only after some twenty thousand: after
// some hundreds surnames are double-barrelled. E-mails never repeat.
func neat(r *rand.Rand, i int) contact.Contact {
	given, surname := givens[i%len(givens)], surnames[(i+i/len(givens)/len(surnames))%len(surnames)]
	company := companies[r.IntN(len(companies))]
	local := plain(given) + "." + plain(surname)
	if round := i / (len(givens) * len(surnames)); round > 0 {
		local += fmt.Sprint(round + 1)
		surname += "-" + surnames[5*round%len(surnames)]
	}
	c := contact.Contact{
		Name: contact.Name{Given: given, Surname: surname}, Organization: company.name, JobTitle: titles[r.IntN(len(titles))],
		Emails:    []string{local + "@" + company.domain + ".example.test"},
		Phones:    []contact.Phone{{Kind: contact.PhoneWork, Number: fmt.Sprintf("+44 113 496 %04d", i%10000)}},
		Addresses: []contact.Address{place(r, contact.AddressWork)},
	}
	if i%2 == 0 {
		c.Phones = append(c.Phones, contact.Phone{Kind: contact.PhoneMobile, Number: fmt.Sprintf("+44 7700 90%04d", i%10000)})
	}
	if i%3 == 0 {
		c.Unit = units[r.IntN(len(units))]
		c.Birth = contact.Date{Year: 1955 + r.IntN(45), Month: 1 + r.IntN(12), Day: 1 + r.IntN(28)}
	}
	if i%4 == 0 {
		c.Emails = append(c.Emails, local+"@mail.example.test")
		c.Website = "https://" + company.domain + ".example.test"
	}
	if i%5 == 0 {
		c.Notes = "Met at the spring fair.\nPrefers a call in the morning."
	}
	return c
}

// messy makes c one of the cases that real address books hold.
func messy(r *rand.Rand, i int, c contact.Contact, before []contact.Contact) contact.Contact {
	company := companies[r.IntN(len(companies))]
	switch i / 3 % 8 {
	case 0: // the same person once more, spelled another way
		twin := before[r.IntN(len(before))]
		twin.Emails = append([]string(nil), twin.Emails...)
		for j := range twin.Emails {
			twin.Emails[j] = strings.ToUpper(twin.Emails[j][:1]) + twin.Emails[j][1:]
		}
		twin.Name.Surname = strings.ToUpper(twin.Name.Surname)
		twin.JobTitle, twin.Addresses, twin.Notes = "", nil, ""
		return twin
	case 1: // a role address that several share
		c.Emails = []string{roles[r.IntN(len(roles))] + "@" + company.domain + ".example.test"}
		c.Organization = company.name
	case 2:
		c.Emails = append(c.Emails[:1:1], fmt.Sprintf("private%d@mail.example.test", i), fmt.Sprintf("old%d@mail.example.test", i), fmt.Sprintf("club%d@club.example.test", i))
	case 3:
		c.Birth = contact.Date{Month: 1 + r.IntN(12), Day: 1 + r.IntN(28)}
		if r.IntN(4) == 0 {
			c.Birth = contact.Date{Month: 2, Day: 29}
		}
	case 4:
		c.Name = foreign[r.IntN(len(foreign))]
	case 5: // a company without a person
		c = contact.Contact{Organization: fmt.Sprintf("%s %d", company.name, i), Emails: []string{fmt.Sprintf("desk%d@%s.example.test", i, company.domain)}, Phones: c.Phones[:1]}
	case 6:
		c.Phones = nil
		for j, kind := range []contact.PhoneKind{contact.PhoneWork, contact.PhoneWork, contact.PhoneMobile, contact.PhoneHome, contact.PhoneOther, contact.PhoneFax} {
			c.Phones = append(c.Phones, contact.Phone{Kind: kind, Number: fmt.Sprintf(phones[r.IntN(len(phones))], (i+j)%1000)})
		}
	case 7: // nothing but a name, and an odd note
		c = contact.Contact{Name: c.Name, Notes: "Says: \"call me\"; then, maybe, \\o/ — 🎈\n\tindented"}
	}
	if r.IntN(3) == 0 && len(c.Addresses) > 0 {
		c.Addresses = append(c.Addresses, place(r, contact.AddressHome))
	}
	return c
}

func place(r *rand.Rand, kind contact.AddressKind) contact.Address {
	a := places[r.IntN(len(places))]
	a.Kind = kind
	return a
}

// plain is a name as it would stand in an e-mail address.
func plain(name string) string {
	return strings.NewReplacer(
		"é", "e", "ë", "e", "ü", "u", "ø", "o", "á", "a", "ł", "l", "š", "s", "í", "i", "'", "", " ", "", "ñ", "n",
	).Replace(strings.ToLower(name))
}

// Book gives n people for a CRM and n for an address book, the same for the
// same n and seed. Of those, half are on both sides with the same e-mail, and
// every third of these differs in one field; the others are on one side only.
// In the address book, those on both sides and every second of the others are
// in the category "CRM Contacts".
func Book(n int, seed int64) (crm, book []contact.Contact) {
	both := n / 2
	people := Sample(2*n-both, seed)
	crm = append(crm, people[:n]...)
	for i, c := range people[:both] {
		if i%3 == 1 {
			c = differing(c, i)
		}
		c.Categories = []string{CategoryContacts}
		book = append(book, c)
	}
	for i, c := range people[n:] {
		if i%2 == 0 {
			c.Categories = []string{CategoryContacts}
		} else if i%3 == 0 {
			c.Categories = []string{"Friends"}
		}
		book = append(book, c)
	}
	return crm, book
}

// differing is c as somebody keeps it who heard other news.
func differing(c contact.Contact, i int) contact.Contact {
	switch i / 3 % 4 {
	case 0:
		c.JobTitle = "Managing Director"
	case 1:
		c = c.Set(contact.MobilePhones, contact.Value{fmt.Sprintf("+44 7700 91%04d", i%10000)})
	case 2:
		c.Notes = "Moved to the new office."
	case 3:
		c.Nickname = "Boss"
	}
	return c
}
