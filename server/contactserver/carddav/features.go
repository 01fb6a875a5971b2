package carddav

import (
	"slices"
	"strings"
)

// features are what an address book said of itself when it was connected. They
// are kept with the connection, so that a run need not ask again.
type features struct {
	sync     bool // has sync-collection (RFC 6578)
	readOnly bool
	version4 bool // takes vCard 4.0 and not 3.0
}

// readFeatures reads the properties of an address book. What a server does not
// tell is taken for the usual: it may be written, in vCard 3.0.
func readFeatures(r row) features {
	var f features
	if reports := r.prop(nsDAV, "supported-report-set"); reports != nil {
		for _, s := range reports.kids {
			f.sync = f.sync || s.child(nsDAV, "report").child(nsDAV, "sync-collection") != nil
		}
	}
	f.sync = f.sync || r.prop(nsDAV, "sync-token").trimmed() != ""
	if set := r.prop(nsDAV, "current-user-privilege-set"); set != nil && len(set.kids) > 0 {
		f.readOnly = !slices.ContainsFunc(set.kids, func(p *node) bool {
			return p.child(nsDAV, "all") != nil || p.child(nsDAV, "write") != nil ||
				p.child(nsDAV, "write-content") != nil || p.child(nsDAV, "bind") != nil
		})
	}
	if types := supportedVersions(r); len(types) > 0 {
		f.version4 = slices.Contains(types, "4.0") && !slices.Contains(types, "3.0")
	}
	return f
}

// supportedVersions reads CARDDAV:supported-address-data (RFC 6352 section
// 6.2.2).
func supportedVersions(r row) []string {
	data := r.prop(nsCard, "supported-address-data")
	if data == nil {
		return nil
	}
	var out []string
	for _, t := range data.kids {
		out = append(out, t.version)
	}
	return out
}

// String is the form in which features are kept.
func (f features) String() string {
	var words []string
	for word, on := range map[string]bool{"sync": f.sync, "readonly": f.readOnly, "v4": f.version4} {
		if on {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return "1," + strings.Join(words, ",")
}

// parseFeatures reads what String wrote; ok is false for anything else.
func parseFeatures(s string) (f features, ok bool) {
	words := strings.Split(s, ",")
	if words[0] != "1" {
		return f, false
	}
	return features{
		sync:     slices.Contains(words, "sync"),
		readOnly: slices.Contains(words, "readonly"),
		version4: slices.Contains(words, "v4"),
	}, true
}
