package people

import (
	"slices"
	"strings"
)

// writable are the fields of a person that can be written, each with the
// members that an entry may have. true marks the content: an entry without any
// is dropped.
var writable = map[string]map[string]bool{
	"names": {"familyName": true, "givenName": true, "middleName": true, "honorificPrefix": true, "honorificSuffix": true, "unstructuredName": true,
		"phoneticFamilyName": true, "phoneticFullName": true, "phoneticGivenName": true, "phoneticHonorificPrefix": true, "phoneticHonorificSuffix": true, "phoneticMiddleName": true},
	"nicknames":      {"value": true, "type": false},
	"emailAddresses": {"value": true, "type": false, "displayName": false},
	"phoneNumbers":   {"value": true, "type": false},
	"addresses": {"streetAddress": true, "extendedAddress": true, "poBox": true, "city": true, "region": true, "postalCode": true,
		"country": true, "countryCode": true, "formattedValue": true, "type": false},
	"organizations": {"name": true, "department": true, "title": true, "location": true, "jobDescription": true, "domain": true, "symbol": true, "phoneticName": true,
		"costCenter": true, "startDate": true, "endDate": true, "fullTimeEquivalentMillipercent": false, "current": false, "type": false},
	"urls":           {"value": true, "type": false},
	"birthdays":      {"date": true, "text": true},
	"biographies":    {"value": true, "contentType": false},
	"clientData":     {"key": true, "value": true},
	"externalIds":    {"value": true, "type": false},
	"userDefined":    {"key": true, "value": true},
	"relations":      {"person": true, "type": false},
	"imClients":      {"username": true, "protocol": false, "type": false},
	"events":         {"date": true, "type": false},
	"memberships":    {"contactGroupMembership": true},
	"calendarUrls":   {"url": true, "type": false},
	"genders":        {"value": true, "addressMeAs": false},
	"interests":      {"value": true},
	"locales":        {"value": true},
	"locations":      {"value": true, "type": false, "buildingId": false, "current": false, "deskCode": false, "floor": false, "floorSection": false},
	"miscKeywords":   {"value": true, "type": false},
	"occupations":    {"value": true},
	"sipAddresses":   {"value": true, "type": false},
	"fileAses":       {"value": true},
	"skills":         {"value": true},
	"braggingRights": {"value": true},
}

// readable are the further fields that a mask may name.
var readable = []string{"metadata", "photos", "coverPhotos", "ageRanges"}

// singletons may have one entry at most.
var singletons = []string{"names", "biographies", "birthdays", "genders"}

// mask reads a field mask. What it names must exist.
func mask(text string, forWriting bool) ([]string, *fault) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	names := strings.Split(text, ",")
	for i, n := range names {
		names[i] = strings.TrimSpace(n)
		if writable[names[i]] == nil && (forWriting || !slices.Contains(readable, names[i])) {
			return nil, invalid("Invalid field mask path: \"" + names[i] + "\".")
		}
	}
	return names, nil
}

// accept checks the fields of a person that was sent, and gives those named in
// only (nil gives all) as they are kept.
func (c *call) accept(sent map[string]any, only []string) (fields, *fault) {
	out := fields{}
	for name, value := range sent {
		if writable[name] == nil {
			if slices.Contains([]string{"resourceName", "etag", "metadata", "photos", "coverPhotos", "ageRange", "ageRanges"}, name) {
				continue
			}
			return nil, invalid("Invalid JSON payload received. Unknown name \"" + name + "\" at 'person': Cannot find field.")
		}
		list, ok := value.([]any)
		if !ok {
			return nil, invalid("Invalid value at 'person." + name + "': a list is expected.")
		}
		if only != nil && !slices.Contains(only, name) {
			continue
		}
		var kept []entry
		for _, one := range list {
			e, ok := one.(map[string]any)
			if !ok {
				return nil, invalid("Invalid value at 'person." + name + "'.")
			}
			if e, ok = tidy(name, e); ok {
				kept = append(kept, e)
			}
		}
		if slices.Contains(singletons, name) && len(kept) > 1 {
			return nil, invalid("Only one " + name + " is allowed for a contact source.")
		}
		if wrong := c.check(name, kept); wrong != nil {
			return nil, wrong
		}
		if len(kept) > 0 {
			out[name] = kept
		}
	}
	return out, nil
}

// tidy drops what is only given back, trims texts, and says whether anything
// is left.
func tidy(name string, e entry) (entry, bool) {
	out, content := entry{}, false
	for member, holds := range writable[name] {
		v := e[member]
		if text, ok := v.(string); ok {
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			v = text
		}
		if v == nil {
			continue
		}
		out[member] = v
		content = content || holds
	}
	if name == "names" && out["unstructuredName"] != nil {
		text := out["unstructuredName"].(string)
		if delete(out, "unstructuredName"); len(out) == 0 { // written alone, it is taken apart
			given, family := "", text
			if i := strings.LastIndexByte(text, ' '); i > 0 {
				given, family = text[:i], text[i+1:]
			}
			out = entry{"givenName": given, "familyName": family}
			if given == "" {
				out = entry{"givenName": family}
			}
		}
	}
	if m, _ := e["metadata"].(map[string]any); m["sourcePrimary"] == true || e["sourcePrimary"] == true {
		out["sourcePrimary"] = true
	}
	return out, content
}

// check holds the entries of a field against what Google refuses.
func (c *call) check(name string, kept []entry) *fault {
	for _, e := range kept {
		switch name {
		case "names":
			if q := c.s.quirks.Refuse; q != "" && str(e, "familyName") == q {
				return invalid("Invalid person: the name is refused.")
			}
		case "emailAddresses":
			if v := str(e, "value"); !strings.Contains(v, "@") || strings.ContainsAny(v, " \n\t") {
				return invalid("Invalid email address.")
			}
		case "birthdays":
			if d, ok := e["date"].(map[string]any); ok && !calendar(num(d, "year"), num(d, "month"), num(d, "day")) {
				return invalid("Invalid birthday: the date is not in the calendar.")
			}
		case "memberships":
			m, _ := e["contactGroupMembership"].(map[string]any)
			if g := str(m, "contactGroupResourceName"); !c.u.hasGroup(g) {
				return invalid("Contact group \"" + g + "\" does not exist or contacts cannot be added to it.")
			}
		}
	}
	return nil
}

func calendar(year, month, day int) bool {
	if year < 0 || year > 9999 || month < 0 || month > 12 || day < 0 || day > 31 || month == 0 && year == 0 {
		return false
	}
	leap := year == 0 || year%4 == 0 && (year%100 != 0 || year%400 == 0)
	switch {
	case month == 2 && leap:
		return day <= 29
	case month == 2:
		return day <= 28
	case month == 4 || month == 6 || month == 9 || month == 11:
		return day <= 30
	}
	return true
}

func str(e map[string]any, key string) string { s, _ := e[key].(string); return s }

func num(e map[string]any, key string) int {
	switch n := e[key].(type) {
	case float64:
		return int(n)
	case int:
		return n
	}
	return 0
}
