package espocrm

import (
	"net/http"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

const setMost = 10

var (
	loosePhone = regexp.MustCompile(`^[0-9A-Za-z_@:#+()\-. ]+$`)
	phoneTypes = []string{"Mobile", "Office", "Home", "Fax", "Other"}
	extension  = regexp.MustCompile(` ext\. ([0-9]{1,6})$`)
	domain     = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)
)

// invalid is the answer to a field that is refused.
func invalid(entity, field, kind string) *refusal {
	return &refusal{
		status: http.StatusBadRequest,
		reason: "Field validation failure; entityType: " + entity + ", field: " + field + ", type: " + kind + ".",
		body: map[string]any{"messageTranslation": map[string]any{
			"label": "validationFailure", "scope": nil, "data": map[string]any{"field": field, "type": kind},
		}},
	}
}

// validate checks the fields that were sent, all of them for a new record, and
// what is required always.
func (s *Server) validate(entity string, rec *Record, data map[string]any, all bool) *refusal {
	for _, f := range entities[entity] {
		v, sent := data[f.name]
		value, _ := v.(string)
		if (f.required || slices.Contains(s.o.Required[entity], f.name)) && rec.text(f.name) == "" {
			return invalid(entity, f.name, "required")
		}
		if !sent || v == nil {
			continue
		}
		switch {
		case f.kind == boolean:
			if _, ok := v.(bool); !ok {
				return invalid(entity, f.name, "valid")
			}
		case f.kind == enum && !slices.Contains(f.options, value):
			return invalid(entity, f.name, "valid")
		case f.most > 0 && utf8.RuneCountInString(value) > f.most:
			return invalid(entity, f.name, "maxLength")
		case f.plain && strings.ContainsAny(value, "<>="):
			return invalid(entity, f.name, "pattern")
		case f.kind == url && !sitePattern.MatchString(value):
			return invalid(entity, f.name, "valid")
		}
	}
	for _, name := range s.o.Required[entity] {
		// A field that an administrator added.
		if _, known := s.view(entity, rec, false)[name]; !known && rec.Attrs[name] == nil {
			return invalid(entity, name, "required")
		}
	}
	if title, _ := data["title"].(string); entity == Contact && utf8.RuneCountInString(title) > 100 {
		return invalid(entity, "title", "maxLength")
	}
	if id, _ := data["accountId"].(string); id != "" {
		if a := s.state.Records[Account][id]; a == nil || a.Deleted {
			return forbidden("No access to link entity: account.")
		}
	}
	if id, sent := data["assignedUserId"].(string); sent && s.userName(id) == "" {
		return forbidden("Assignment failure: assigned user or team not allowed.")
	}
	return s.validateSets(entity, rec, data, all)
}

func (s *Server) validateSets(entity string, rec *Record, data map[string]any, all bool) *refusal {
	if sent(data, "emailAddress", "emailAddressData") || all {
		if len(rec.Emails) > setMost {
			return invalid(entity, "emailAddress", "maxCount")
		}
		for _, e := range rec.Emails {
			switch {
			case utf8.RuneCountInString(e.EmailAddress) > 255:
				return invalid(entity, "emailAddress", "maxLength")
			case !validEmail(e.EmailAddress):
				return invalid(entity, "emailAddress", "emailAddress")
			}
		}
	}
	if sent(data, "phoneNumber", "phoneNumberData") || all {
		if len(rec.Phones) > setMost {
			return invalid(entity, "phoneNumber", "maxCount")
		}
		for _, p := range rec.Phones {
			switch {
			case utf8.RuneCountInString(p.PhoneNumber) > 36:
				return invalid(entity, "phoneNumber", "maxLength")
			case !s.validPhone(p.PhoneNumber), !slices.Contains(phoneTypes, p.Type):
				return invalid(entity, "phoneNumber", "valid")
			}
		}
	}
	return nil
}

func sent(data map[string]any, names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { _, ok := data[n]; return ok })
}

// validEmail is what PHP's filter takes: ASCII, and a domain with a dot.
func validEmail(e string) bool {
	a, err := mail.ParseAddress(e)
	local, host, _ := strings.Cut(e, "@")
	ascii := strings.IndexFunc(e, func(r rune) bool { return r > 126 }) < 0
	return err == nil && a.Address == e && ascii && len(local) <= 64 && domain.MatchString(host)
}

func (s *Server) validPhone(number string) bool {
	if !loosePhone.MatchString(number) {
		return false
	}
	if s.o.LoosePhones {
		return true
	}
	if s.o.PhoneExtensions {
		number = extension.ReplaceAllString(number, "")
	}
	n, err := phonenumbers.Parse(number, "")
	return err == nil && phonenumbers.Format(n, phonenumbers.E164) == number && phonenumbers.IsPossibleNumber(n)
}

// sanitizePhones brings numbers with a + into the international form.
func (s *Server) sanitizePhones(data map[string]any) {
	clean := func(v any) any {
		number, ok := v.(string)
		if number = strings.TrimSpace(number); !ok || !strings.HasPrefix(number, "+") || s.o.LoosePhones {
			return v
		}
		n, err := phonenumbers.Parse(number, "")
		if err != nil {
			return v
		}
		out := phonenumbers.Format(n, phonenumbers.E164)
		if ext := n.GetExtension(); ext != "" && s.o.PhoneExtensions {
			out += " ext. " + ext
		}
		return out
	}
	if v, ok := data["phoneNumber"]; ok && v != nil {
		data["phoneNumber"] = clean(v)
	}
	rows, _ := data["phoneNumberData"].([]any)
	for _, row := range rows {
		if m, ok := row.(map[string]any); ok {
			m["phoneNumber"] = clean(m["phoneNumber"])
		}
	}
}

// assignSets takes e-mails and phones in: the whole set where it is sent, else
// the first one alone.
func assignSets(rec *Record, data map[string]any) {
	if rows, ok := data["emailAddressData"].([]any); ok {
		rec.Emails = nil
		for _, row := range rows {
			m, _ := row.(map[string]any)
			e := Email{EmailAddress: trimmed(m["emailAddress"]), Primary: m["primary"] == true, OptOut: m["optOut"] == true, Invalid: m["invalid"] == true}
			e.Lower = strings.ToLower(e.EmailAddress)
			rec.Emails = slices.DeleteFunc(rec.Emails, func(x Email) bool { return x.Lower == e.Lower })
			if e.EmailAddress != "" {
				rec.Emails = append(rec.Emails, e)
			}
		}
	} else if v, ok := data["emailAddress"]; ok {
		setPrimaryEmail(rec, trimmed(v))
	}
	if rows, ok := data["phoneNumberData"].([]any); ok {
		rec.Phones = nil
		for _, row := range rows {
			m, _ := row.(map[string]any)
			p := Phone{PhoneNumber: trimmed(m["phoneNumber"]), Type: "Mobile", Primary: m["primary"] == true, OptOut: m["optOut"] == true, Invalid: m["invalid"] == true}
			if t, ok := m["type"].(string); ok {
				p.Type = t
			}
			rec.Phones = slices.DeleteFunc(rec.Phones, func(x Phone) bool { return x.PhoneNumber == p.PhoneNumber })
			rec.Phones = append(rec.Phones, p)
		}
	} else if v, ok := data["phoneNumber"]; ok {
		setPrimaryPhone(rec, trimmed(v))
	}
	if len(rec.Emails) > 0 && rec.primaryEmail() == "" {
		rec.Emails[0].Primary = true
	}
	if len(rec.Phones) > 0 && rec.primaryPhone() == "" {
		rec.Phones[0].Primary = true
	}
}

func trimmed(v any) string {
	s, _ := v.(string)
	return strings.TrimSpace(s)
}

func setPrimaryEmail(rec *Record, address string) {
	rec.Emails = slices.DeleteFunc(rec.Emails, func(e Email) bool { return e.Primary || e.Lower == strings.ToLower(address) })
	if address != "" {
		rec.Emails = slices.Insert(rec.Emails, 0, Email{EmailAddress: address, Lower: strings.ToLower(address), Primary: true})
	}
}

func setPrimaryPhone(rec *Record, number string) {
	rec.Phones = slices.DeleteFunc(rec.Phones, func(p Phone) bool { return p.Primary || p.PhoneNumber == number })
	if number != "" {
		rec.Phones = slices.Insert(rec.Phones, 0, Phone{PhoneNumber: number, Type: "Mobile", Primary: true})
	}
}
