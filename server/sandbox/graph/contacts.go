package graph

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// contacts answers what is below a folder's contacts.
func (s *Server) contacts(c call, f *folder, rest []string) reply {
	switch {
	case len(rest) == 0 && c.method == http.MethodGet:
		return s.list(c, f)
	case len(rest) == 0 && c.method == http.MethodPost:
		return s.create(c, f)
	case len(rest) == 1 && rest[0] == "delta" && c.method == http.MethodGet:
		return s.delta(c, f)
	case len(rest) != 1:
		return notAllowed()
	}
	it := s.item(c.box, rest[0])
	switch {
	case it == nil:
		return notFound()
	case c.method == http.MethodGet:
		return s.shown(c, it, http.StatusOK)
	case c.method != http.MethodPatch && c.method != http.MethodDelete:
		return notAllowed()
	}
	if match := c.header.Get("If-Match"); match != "" && match != "*" && match != c.box.etag(it) && !s.quirks.IgnoreIfMatch {
		return failed(http.StatusPreconditionFailed, "ErrorIrresolvableConflict",
			"The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.")
	}
	if c.method == http.MethodDelete {
		s.remove(c.box, it)
		return reply{status: http.StatusNoContent}
	}
	return s.update(c, it)
}

func notFound() reply {
	return failed(http.StatusNotFound, "ErrorItemNotFound", "The specified object was not found in the store.")
}

func (s *Server) create(c call, f *folder) reply {
	sent, no := object(c)
	if no != nil {
		return *no
	}
	c.box.Serial++
	it := &item{ID: c.box.name("AAkA", c.box.Serial), Folder: f.ID, Created: s.o.Now().UTC().Truncate(time.Second)}
	if no := s.apply(it, sent); no != nil {
		return *no
	}
	c.box.Items[it.ID] = it
	s.touch(c.box, it)
	return s.shown(c, it, http.StatusCreated)
}

func (s *Server) update(c call, it *item) reply {
	sent, no := object(c)
	if no != nil {
		return *no
	}
	old, oldExt := it.Props, it.Ext
	if no := s.apply(it, sent); no != nil {
		return *no
	}
	if !same(old, it.Props) || !maps.Equal(oldExt, it.Ext) {
		s.touch(c.box, it)
	}
	if s.quirks.Silent {
		return reply{status: http.StatusNoContent}
	}
	return s.shown(c, it, http.StatusOK)
}

// shown is one record, with what was asked to be expanded.
func (s *Server) shown(c call, it *item, status int) reply {
	out, no := expanded(c, it, selected(c.box.render(it, c.immutable()), c.query.Get("$select")))
	if no != nil {
		return *no
	}
	out["@odata.context"] = c.base + "/$metadata#users('me')/contacts/$entity"
	return reply{status: status, body: out, header: map[string]string{"ETag": c.box.etag(it)}}
}

var (
	expansion = regexp.MustCompile(`^singleValueExtendedProperties\(\$filter=id eq '([^']+)'\)$`)
	byMarker  = regexp.MustCompile(`^singleValueExtendedProperties/[Aa]ny\((\w+): ?\w+/id eq '((?:[^']|'')*)' and \w+/value eq '((?:[^']|'')*)'\)$`)
	byEmail   = regexp.MustCompile(`^emailAddresses/any\((\w+): ?\w+/address eq '((?:[^']|'')*)'\)$`)
	byText    = regexp.MustCompile(`^(displayName|givenName|surname|companyName) eq '((?:[^']|'')*)'$`)
)

func expanded(c call, it *item, out map[string]any) (map[string]any, *reply) {
	wish := c.query.Get("$expand")
	if wish == "" {
		return out, nil
	}
	m := expansion.FindStringSubmatch(wish)
	if m == nil {
		a := failed(http.StatusBadRequest, "BadRequest", "The query specified in the URI is not valid: $expand.")
		return nil, &a
	}
	// The name of the property is left out where the record has none.
	if v, ok := it.Ext[propertyID(m[1])]; ok {
		out["singleValueExtendedProperties"] = []any{map[string]any{"id": propertyID(m[1]), "value": v}}
	}
	return out, nil
}

// list answers the collection: filtered, in pages by $top and $skip.
func (s *Server) list(c call, f *folder) reply {
	keep, ok := filter(c.query.Get("$filter"))
	if !ok {
		return failed(http.StatusBadRequest, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")
	}
	top, err := number(c.query, "$top", 10)
	skip, err2 := number(c.query, "$skip", 0)
	if err != nil || err2 != nil || top < 1 || top > 1000 || skip < 0 {
		return failed(http.StatusBadRequest, "ErrorInvalidUrlQuery", "The query is not valid: $top or $skip.")
	}
	all := slices.DeleteFunc(c.box.in(f.ID), func(it *item) bool { return !keep(it) })
	value := []any{}
	for _, it := range all[min(skip, len(all)):min(skip+top, len(all))] {
		one, no := expanded(c, it, selected(c.box.render(it, c.immutable()), c.query.Get("$select")))
		if no != nil {
			return *no
		}
		value = append(value, one)
	}
	body := map[string]any{"@odata.context": c.base + "/$metadata#users('me')/contacts", "value": value}
	if skip+top < len(all) {
		q := maps.Clone(c.query)
		q.Set("$skip", strconv.Itoa(skip+top))
		body["@odata.nextLink"] = s.link(c, q)
	}
	return reply{status: http.StatusOK, body: body}
}

// link is the address of this call with another query.
func (s *Server) link(c call, q url.Values) string {
	path := make([]string, len(c.path))
	for i, part := range c.path {
		path[i] = url.PathEscape(part)
	}
	base := c.base
	if s.quirks.ForeignLinks != "" {
		base = s.quirks.ForeignLinks
	}
	return base + "/" + strings.Join(path, "/") + "?" + strings.ReplaceAll(q.Encode(), "%24", "$")
}

func number(q url.Values, name string, otherwise int) (int, error) {
	if !q.Has(name) {
		return otherwise, nil
	}
	return strconv.Atoi(q.Get(name))
}

// filter understands the filters that are documented for contacts.
func filter(query string) (func(*item) bool, bool) {
	unquote := func(s string) string { return strings.ReplaceAll(s, "''", "'") }
	if query == "" {
		return func(*item) bool { return true }, true
	}
	if m := byMarker.FindStringSubmatch(query); m != nil {
		id, value := propertyID(unquote(m[2])), unquote(m[3])
		return func(it *item) bool { v, ok := it.Ext[id]; return ok && strings.EqualFold(v, value) }, true
	}
	if m := byEmail.FindStringSubmatch(query); m != nil {
		return func(it *item) bool {
			return slices.ContainsFunc(rows(it.Props["emailAddresses"]), func(row map[string]any) bool {
				return strings.EqualFold(text(row, "address"), unquote(m[2]))
			})
		}, true
	}
	if m := byText.FindStringSubmatch(query); m != nil {
		return func(it *item) bool { return strings.EqualFold(text(it.Props, m[1]), unquote(m[2])) }, true
	}
	return nil, false
}

// immutable says which identifiers a call wants. It holds for this call alone.
func (c call) immutable() bool {
	for _, v := range c.header.Values("Prefer") {
		if strings.Contains(strings.ReplaceAll(v, " ", ""), `IdType="ImmutableId"`) {
			return true
		}
	}
	return false
}

// object reads a JSON body.
func object(c call) (map[string]any, *reply) {
	var out map[string]any
	if !strings.HasPrefix(c.header.Get("Content-Type"), "application/json") || json.Unmarshal(c.body, &out) != nil || out == nil {
		a := failed(http.StatusBadRequest, "UnableToDeserializePostBody", "Unable to deserialize post body.")
		return nil, &a
	}
	return out, nil
}
