package tryton

import (
	"slices"
	"strings"
	"sync"

	"tandem/server/contact"
)

// places are the countries and their parts as this Tryton lists them: an
// address can name no others.
type places struct {
	countries []country
	// allowed are, per country code, the types of parts that addresses may use;
	// a code without an entry allows all.
	allowed map[string][]string

	mu   sync.Mutex
	memo map[string]*country
}

type country struct {
	ID    int64   `json:"id"`
	Name  string  `json:"name"`
	Code  string  `json:"code"`
	Code3 string  `json:"code3"`
	Parts []state `json:"subdivisions."`
}

type state struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Code string `json:"code"`
	Type string `json:"type"`
}

// country finds a country by its name in any language, or by its code.
func (p *places) country(text string) *country {
	key := contact.Fold(text)
	if p == nil || key == "" {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if found, ok := p.memo[key]; ok {
		return found
	}
	var found *country
	for i := range p.countries {
		c := &p.countries[i]
		if contact.Fold(c.Name) == key || contact.Fold(c.Code) == key || contact.Fold(c.Code3) == key {
			found = c
			break
		}
	}
	for i := range p.countries {
		if found != nil {
			break
		}
		typed, listed := contact.Value{"", "", "", "", text}, contact.Value{"", "", "", "", p.countries[i].Code}
		if (contact.Norm{}).Equal(contact.WorkAddress, typed, listed) {
			found = &p.countries[i]
		}
	}
	if p.memo == nil || len(p.memo) > 1000 {
		p.memo = map[string]*country{}
	}
	p.memo[key] = found
	return found
}

// part finds a part of a country by its name or its code ("DE-BE" or "BE").
func (p *places) part(c *country, text string) *state {
	key := contact.Fold(text)
	if c == nil || key == "" {
		return nil
	}
	allowed, limited := p.allowed[c.Code]
	for _, by := range []func(s *state) string{
		func(s *state) string { return s.Name },
		func(s *state) string { return s.Code },
		func(s *state) string { return strings.TrimPrefix(s.Code, c.Code+"-") },
	} {
		for i := range c.Parts {
			s := &c.Parts[i]
			if contact.Fold(by(s)) == key && (!limited || slices.Contains(allowed, s.Type)) {
				return s
			}
		}
	}
	return nil
}
