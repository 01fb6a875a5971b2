package graph

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The properties of a contact by kind.
var (
	texts = []string{
		"assistantName", "businessHomePage", "companyName", "department", "displayName", "fileAs", "generation", "givenName",
		"initials", "jobTitle", "manager", "middleName", "mobilePhone", "nickName", "officeLocation", "personalNotes", "profession",
		"spouseName", "surname", "title", "yomiCompanyName", "yomiGivenName", "yomiSurname",
	}
	// lists are texts, with how many there may be; 0 is any number.
	lists     = map[string]int{"businessPhones": 2, "homePhones": 2, "imAddresses": 3, "children": 0, "categories": 0}
	addresses = []string{"businessAddress", "homeAddress", "otherAddress"}
	parts     = []string{"street", "city", "state", "countryOrRegion", "postalCode"}
	// readOnly may be sent and is ignored.
	readOnly = []string{"id", "changeKey", "createdDateTime", "lastModifiedDateTime", "parentFolderId", "@odata.etag", "@odata.type", "@odata.context"}
)

const maxEmails = 3

// apply writes what was sent into a record's properties, or refuses it.
func (s *Server) apply(it *item, sent map[string]any) *reply {
	next, ext := maps.Clone(it.Props), maps.Clone(it.Ext)
	if next == nil {
		next, ext = map[string]any{}, map[string]string{}
	}
	for name, v := range sent {
		if no := s.set(next, ext, name, v); no != nil {
			return no
		}
	}
	if _, told := sent["displayName"]; !told {
		next["displayName"] = null(generated(next))
	}
	if _, told := sent["fileAs"]; !told {
		next["fileAs"] = null(filed(next))
	}
	it.Props, it.Ext = next, ext
	return nil
}

func (s *Server) set(props map[string]any, ext map[string]string, name string, v any) *reply {
	most, isList := lists[name]
	switch {
	case slices.Contains(readOnly, name):
	case slices.Contains(texts, name):
		text, ok := v.(string)
		if v != nil && !ok {
			return wrongType(name)
		}
		if name == "personalNotes" {
			text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
		}
		props[name] = null(text)
	case isList:
		list, ok := textList(v)
		if !ok {
			return wrongType(name)
		}
		if name == "categories" {
			list = distinct(list)
		}
		if most > 0 && len(list) > most {
			return tooManyValues(name, len(list), most)
		}
		props[name] = anyList(list)
	case slices.Contains(addresses, name):
		address, ok := v.(map[string]any)
		if v != nil && !ok {
			return wrongType(name)
		}
		kept := map[string]any{}
		for k, v := range address {
			text, ok := v.(string)
			if !slices.Contains(parts, k) || v != nil && !ok {
				return wrongType(name)
			}
			if text != "" {
				kept[k] = text
			}
		}
		props[name] = kept
	case name == "emailAddresses":
		return s.setEmails(props, v)
	case name == "birthday":
		return setBirthday(props, v)
	case name == "singleValueExtendedProperties":
		return setExtended(ext, v)
	default:
		a := failed(http.StatusBadRequest, "RequestBodyRead", "The property '"+name+"' does not exist on type 'microsoft.graph.contact'.")
		return &a
	}
	return nil
}

// address is an e-mail address as Exchange takes it for one.
var address = regexp.MustCompile(`^[^\s@,;<>()]+@[^\s@,;<>()]+$`)

// setEmails does with names what the service does: an address of the
// organisation gets its name in the directory, one that was there keeps its
// own, and what is no address stays as a name alone.
func (s *Server) setEmails(props map[string]any, v any) *reply {
	sent, ok := v.([]any)
	if v != nil && !ok {
		return wrongType("emailAddresses")
	}
	if len(sent) > maxEmails {
		return tooManyValues("EmailAddresses", len(sent), maxEmails)
	}
	old := map[string]string{}
	for _, one := range rows(props["emailAddresses"]) {
		old[strings.ToLower(text(one, "address"))] = text(one, "name")
	}
	kept := []any{}
	for _, one := range sent {
		row, ok := one.(map[string]any)
		if !ok {
			return wrongType("emailAddresses")
		}
		mail, name := text(row, "address"), text(row, "name")
		key := strings.ToLower(mail)
		if name == "" {
			name = old[key]
		}
		if name == "" || s.quirks.DropNames {
			name = mail
		}
		if ours := s.o.Directory[key]; ours != "" {
			name = ours
		}
		switch {
		case mail == "" && name == "":
		case !address.MatchString(mail):
			kept = append(kept, map[string]any{"name": name})
		default:
			kept = append(kept, map[string]any{"address": mail, "name": name})
		}
	}
	props["emailAddresses"] = kept
	return nil
}

// setBirthday keeps the day. The time of day comes back as Exchange's.
func setBirthday(props map[string]any, v any) *reply {
	props["birthday"] = nil
	if v == nil {
		return nil
	}
	sent, _ := v.(string)
	t, err := time.Parse(time.RFC3339, sent)
	if err != nil {
		a := failed(http.StatusBadRequest, "RequestBodyRead", "Cannot convert the literal to the expected type 'Edm.DateTimeOffset'.")
		return &a
	}
	props["birthday"] = t.UTC().Format("2006-01-02") + "T11:59:00Z"
	return nil
}

var property = regexp.MustCompile(`^(String|Integer|Boolean) (\{[0-9a-fA-F-]{36}\} (Name .+|Id 0x[0-9a-fA-F]+)|0x[0-9a-fA-F]+)$`)

func setExtended(ext map[string]string, v any) *reply {
	for _, one := range rows(v) {
		id, value := text(one, "id"), text(one, "value")
		if !property.MatchString(id) {
			a := failed(http.StatusBadRequest, "ErrorInvalidProperty", "The extended property identifier is not valid.")
			return &a
		}
		ext[propertyID(id)] = value
	}
	return nil
}

// propertyID folds the GUID and leaves the name, whose case matters.
func propertyID(id string) string {
	if i, j := strings.Index(id, "{"), strings.Index(id, "}"); i >= 0 && j > i {
		return id[:i] + strings.ToLower(id[i:j]) + id[j:]
	}
	return id
}

// render is a record as the API shows it.
func (m *mailbox) render(it *item, immutable bool) map[string]any {
	out := map[string]any{
		"@odata.etag": m.etag(it), "id": m.spell(it, immutable), "changeKey": m.changeKey(it), "parentFolderId": it.Folder,
		"createdDateTime": it.Created.Format(time.RFC3339), "lastModifiedDateTime": it.Modified.Format(time.RFC3339),
		"emailAddresses": []any{}, "birthday": nil,
	}
	for _, name := range texts {
		out[name] = nil
	}
	for name := range lists {
		out[name] = []any{}
	}
	for _, name := range addresses {
		out[name] = map[string]any{}
	}
	maps.Copy(out, it.Props)
	return out
}

// generated is the display name that the service makes.
func generated(props map[string]any) string {
	name := joined(text(props, "givenName"), text(props, "middleName"), text(props, "surname"), text(props, "generation"))
	if name == "" {
		name = text(props, "companyName")
	}
	if mails := rows(props["emailAddresses"]); name == "" && len(mails) > 0 {
		name = text(mails[0], "address")
	}
	return name
}

func filed(props map[string]any) string {
	surname, rest := text(props, "surname"), joined(text(props, "givenName"), text(props, "middleName"))
	if surname != "" && rest != "" {
		return surname + ", " + rest
	}
	return joined(surname, rest)
}

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

func text(props map[string]any, name string) string {
	s, _ := props[name].(string)
	return s
}

// rows are the objects of a list.
func rows(v any) []map[string]any {
	list, _ := v.([]any)
	var out []map[string]any
	for _, one := range list {
		if row, ok := one.(map[string]any); ok {
			out = append(out, row)
		}
	}
	return out
}

func textList(v any) ([]string, bool) {
	list, ok := v.([]any)
	var out []string
	for _, one := range list {
		s, isText := one.(string)
		if !isText {
			return nil, false
		}
		if s != "" {
			out = append(out, s)
		}
	}
	return out, ok || v == nil
}

func anyList(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, s) }) {
			out = append(out, s)
		}
	}
	return out
}

func same(a, b map[string]any) bool { return reflect.DeepEqual(a, b) }

func wrongType(name string) *reply {
	a := failed(http.StatusBadRequest, "RequestBodyRead", "An unexpected value was found for the property '"+name+"'.")
	return &a
}

func tooManyValues(name string, have, most int) *reply {
	a := failed(http.StatusBadRequest, "ErrorInvalidProperty", fmt.Sprintf("The multi value property %s has %d entries, that exceeds the max allowed value of %d.", strings.ToUpper(name[:1])+name[1:], have, most))
	return &a
}
