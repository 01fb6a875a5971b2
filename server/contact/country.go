package contact

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// countries maps the folded English and native names of a country to its ISO
// 3166-1 code.
var countries = sync.OnceValue(func() map[string]string {
	names := make(map[string]string)
	english := display.English.Regions()
	for _, tag := range display.Supported.Tags() {
		region, confidence := tag.Region()
		if confidence == language.No || !region.IsCountry() {
			continue
		}
		if d := display.Regions(tag); d != nil {
			names[Fold(d.Name(region))] = region.Canonicalize().String()
		}
	}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			region, err := language.ParseRegion(string(a) + string(b))
			if err == nil && region.IsCountry() {
				names[Fold(english.Name(region))] = region.Canonicalize().String()
			}
		}
	}
	for name, code := range map[string]string{"usa": "US", "uk": "GB", "great britain": "GB", "england": "GB", "holland": "NL"} {
		names[name] = code
	}
	delete(names, "") // a region without a name in some language
	return names
})

// country is the ISO code of a country's name or code, else the folded text.
func country(s string) string {
	key := Fold(s)
	if code, ok := countries()[key]; ok {
		return code
	}
	if len(key) == 2 {
		return strings.ToUpper(key)
	}
	if len(key) == 3 {
		if r, err := language.ParseRegion(key); err == nil && r.IsCountry() {
			return r.Canonicalize().String()
		}
	}
	return key
}
