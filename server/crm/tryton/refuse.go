package tryton

import (
	"strings"
	"unicode/utf8"

	"tandem/server/contact"
)

// refuse translates Tryton's refusal of one mutation.
func (w *writer) refuse(s step, f *fault) {
	m, result := w.ms[s.i], &w.results[s.i]
	result.Cause = f.without(m.Contact)
	switch {
	case f.class == "ConcurrencyException", m.Op == contact.Update && f.absent():
		result.Outcome = contact.Conflict
		result.Message = "The record was changed in Tryton at the same moment."
	case f.denied():
		result.Outcome = contact.Forbidden
		result.Message = "Your Tryton user may not do this with this record. Ask your Tryton administrator."
	case f.passing():
		result.Outcome = contact.Retry
	case m.Op == contact.Delete:
		result.Outcome = contact.ReadOnly
		result.Message = "Tryton keeps this record, because orders or other documents refer to it. Archive it in Tryton instead."
	case f.class == "UserWarning":
		result.Outcome = contact.Invalid
		result.Message = "Tryton asks a question before it accepts this, which only a person can answer. Make the change in Tryton."
	default:
		result.Outcome = contact.Invalid
		result.Message = "Tryton did not accept this record. Check its details, or make the change in Tryton to see what it asks for."
		if field, ok := blamed(f.message, m); ok {
			result.Field, result.HasField = field, true
			result.Message = "Tryton did not accept the field " + field.Label() + ". Correct it on either side."
			if strings.Contains(f.message, "phone number") {
				result.Message = "Tryton did not accept the field " + field.Label() + ": it wants valid numbers with the code of the country, such as +49 30 1234567."
			}
		}
	}
}

// without is f for the log: modules of all makers may put into a message what
// was written.
func (f *fault) without(c contact.Contact) *fault {
	clean := *f
	for field := range fields.All() {
		for _, v := range c.Value(field) {
			for _, text := range append([]string{line(v)}, strings.Fields(v)...) {
				if utf8.RuneCountInString(text) > 2 {
					clean.message = strings.ReplaceAll(clean.message, text, "…")
				}
			}
		}
	}
	return &clean
}

// blamed finds the field whose value Tryton's message quotes.
func blamed(message string, m contact.Mutation) (contact.Field, bool) {
	for f := range (m.Mask & fields).All() {
		if f == contact.FullName {
			continue // messages name the party, whatever is wrong
		}
		for _, v := range m.Contact.Value(f) {
			if v = line(v); utf8.RuneCountInString(v) > 2 && strings.Contains(message, v) {
				return f, true
			}
		}
	}
	if name := line(m.Contact.Name.Text()); name != "" && m.Mask.Has(contact.FullName) && strings.Contains(message, `field "Name"`) {
		return contact.FullName, true
	}
	return 0, false
}
