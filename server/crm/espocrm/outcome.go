package espocrm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"tandem/server/contact"
	"tandem/server/rest"
)

// outcome reads the answer to a write that did not simply succeed. The error
// is for the connection as a whole.
func (b *book) outcome(m contact.Mutation, res *rest.Response, err error) (result contact.Result, done bool, _ error) {
	result = contact.Result{Outcome: contact.Unknown, ID: m.ID}
	if err != nil {
		if res == nil && !rest.Sent(err) {
			result.Outcome = contact.NotRun
		}
		return result, true, err
	}
	if res.OK() {
		return result, false, nil
	}
	result.Cause = cause(res)
	switch {
	case res.Status == http.StatusUnauthorized:
		result.Outcome = contact.NotRun
		return result, true, statusError(res)
	case rest.WebPage(res) && res.Status < 500:
		// A firewall, or no EspoCRM any more: nothing was written.
		result.Outcome = contact.NotRun
		return result, true, notEspo(res)
	case res.Status == http.StatusForbidden:
		result.Outcome = contact.Forbidden
		result.Message = "Your EspoCRM account may not " + m.Op.String() + " this record. Ask its owner or your administrator."
		if strings.Contains(reason(res), "Assignment") {
			result.Message = "Your EspoCRM account may not own this record. Ask your administrator for the right to assign records to yourself."
		}
	case res.Status == http.StatusNotFound && m.Op != contact.Create:
		result.Outcome = contact.Gone
	case res.Status == http.StatusConflict:
		conflict(res, &result)
	case res.Status == http.StatusBadRequest, res.Status == http.StatusRequestEntityTooLarge:
		b.invalid(m, res, &result)
	case res.Status == http.StatusTooManyRequests, res.Status == http.StatusServiceUnavailable:
		result.Outcome = contact.Retry
	case res.Status < 500:
		result.Outcome = contact.NotRun
		return result, true, notEspo(res)
	default:
		// It may have failed after it was done.
		result.Message = "EspoCRM failed while it saved this record. It is looked up before anything is repeated."
	}
	return result, true, nil
}

// conflict tells the two kinds of 409 apart: a version that is no more, and the
// duplicate rule, whose body lists what it found.
func conflict(res *rest.Response, result *contact.Result) {
	var found []struct {
		ID contact.ID `json:"id"`
	}
	switch {
	case reason(res) == "modified":
		result.Outcome = contact.Conflict
	case json.Unmarshal(res.Body, &found) == nil:
		result.Outcome = contact.Duplicate
		result.Message = "EspoCRM has somebody with this name or e-mail already."
		for _, f := range found {
			if f.ID != "" {
				result.Existing = append(result.Existing, f.ID)
			}
		}
	default:
		result.Outcome = contact.Invalid
		result.Message = "EspoCRM refuses this record because of a rule that your administrator made."
	}
}

// failurePattern reads older servers, which tell it in the reason only.
var failurePattern = regexp.MustCompile(`field: ([A-Za-z0-9_]+), type: ([A-Za-z0-9_]+)`)

// invalid says which field was refused, in a sentence without its value.
func (b *book) invalid(m contact.Mutation, res *rest.Response, result *contact.Result) {
	result.Outcome = contact.Invalid
	var body struct {
		MessageTranslation struct {
			Data struct {
				Field string `json:"field"`
				Type  string `json:"type"`
			} `json:"data"`
		} `json:"messageTranslation"`
	}
	_ = json.Unmarshal(res.Body, &body)
	name, kind := body.MessageTranslation.Data.Field, body.MessageTranslation.Data.Type
	if found := failurePattern.FindStringSubmatch(reason(res)); name == "" && found != nil {
		name, kind = found[1], found[2]
	}
	field, ours := b.fieldOf(name, m.Mask)
	label := "EspoCRM's field \"" + name + "\""
	if ours {
		result.Field, result.HasField = field, true
		label = field.Label()
	}
	switch {
	case name == "":
		result.Message = "EspoCRM refuses this record. Check its fields there."
	case kind == "required" && !ours:
		result.Message = label + " is required there, and a sync cannot fill it. Ask your administrator to make it optional."
	case kind == "required":
		result.Message = label + " must not be empty in EspoCRM. Fill it in."
	case kind == "maxLength":
		result.Message = label + " is longer than EspoCRM takes. Shorten it."
	case kind == "maxCount":
		result.Message = label + " has more entries than EspoCRM takes. Remove some."
	default:
		result.Message = label + " is not in a form that EspoCRM accepts. Correct it."
	}
}

// fieldOf finds our field of a name that the server gave. Of the phones it is
// the first one that was written.
func (b *book) fieldOf(name string, mask contact.Fields) (contact.Field, bool) {
	for _, t := range b.shape.texts {
		if t.attribute == name {
			return t.field, true
		}
	}
	fields, ok := restrictedFields[name]
	if strings.HasPrefix(name, "address") {
		fields, ok = contact.FieldsOf(contact.WorkAddress), true
	}
	if !ok {
		return 0, false
	}
	for _, set := range []contact.Fields{fields & mask, fields} {
		for f := range set.All() {
			return f, true
		}
	}
	return 0, false
}
