package plan

import (
	"slices"

	"tandem/server/contact"
)

// set merges a set element by element: what was added or removed on one side
// since its base is added or removed on the other one, which keeps its own
// elements, its order and its spelling.
func (m *merge) set(f contact.Field) decision {
	var d decision
	for _, t := range []Side{Left, Right} {
		s := t.Other()
		if !m.stirred(f, s) {
			continue
		}
		if !m.can(f, t) {
			d.hold[s] = true
			continue
		}
		v := m.surplus(f, t, m.apply(f, t))
		if m.equal(f, m.side[t].want(f, v), m.side[t].value(f)) {
			continue
		}
		d.set[t], d.put[t] = true, v
	}
	for _, t := range []Side{Left, Right} {
		// One way, the target's own edit neither travels nor is forgotten: its
		// base moves by the source's edit alone.
		if d.hold[t] && d.set[t] {
			d.hold[t], d.mark[t] = false, true
			d.base[t] = m.side[t].cut(f, m.delta(f, t, m.side[t].half.Base[f]))
		}
	}
	return d
}

// stirred reports whether side s has an edit that the other side would see:
// other elements, or other ones first where the other side's room makes that
// visible.
func (m *merge) stirred(f contact.Field, s Side) bool {
	t, now, base := m.side[s.Other()], m.side[s].value(f), m.side[s].half.Base[f]
	return !m.equal(f, now, base) || !m.equal(f, t.cut(f, now), t.cut(f, base))
}

// delta is old after the other side's edit: removed elements are gone, added
// ones stand in their places, else at the end.
func (m *merge) delta(f contact.Field, t Side, old contact.Value) contact.Value {
	source := m.side[t.Other()]
	now, base := m.keys(f, source.value(f)), m.keys(f, source.half.Base[f])
	have := m.keys(f, old)
	var added contact.Value
	for _, e := range m.elements(f, t, source.value(f)) {
		k := m.key(f, e)
		if !base[k] && !have[k] {
			added = append(added, e)
		}
	}
	var result contact.Value
	for _, e := range old {
		switch k := m.key(f, e); {
		case !base[k] || now[k]:
			result = append(result, e)
		case len(added) > 0:
			result, added = append(result, added[0]), added[1:]
		}
	}
	return append(result, added...)
}

// apply is what side t's set becomes by the other side's edit. It may hold more
// than there is room for.
func (m *merge) apply(f contact.Field, t Side) contact.Value {
	target, source := m.side[t], m.side[t.Other()]
	result := m.delta(f, t, target.value(f))
	room := target.room(f)
	if room == 0 {
		return result
	}
	// Room that has become free is filled with what had none before. What the
	// target once had and removed does not come back.
	had, have := m.keys(f, target.half.Base[f]), m.keys(f, result)
	elements := m.elements(f, t, source.value(f))
	for _, e := range elements {
		if k := m.key(f, e); len(result) < room && !had[k] && !have[k] {
			result, have[k] = append(result, e), true
		}
	}
	// What has newly come to the front of the source takes the place of what
	// has left it, never of the target's own elements.
	front, was, all := m.keys(f, target.cut(f, elements)), m.keys(f, target.cut(f, source.half.Base[f])), m.keys(f, source.value(f))
	for _, e := range target.cut(f, elements) {
		k := m.key(f, e)
		if was[k] || m.keys(f, target.cut(f, result))[k] {
			continue
		}
		i := slices.IndexFunc(result, func(x string) bool { return all[m.key(f, x)] && !front[m.key(f, x)] })
		if i < 0 || i >= room {
			continue
		}
		displaced := result[i]
		result = slices.DeleteFunc(result, func(x string) bool { return m.key(f, x) == k })
		result[i] = e
		result = append(result, displaced)
	}
	return result
}

// elements are those of v that can be compared and are not too long for t.
func (m *merge) elements(f contact.Field, t Side, v contact.Value) contact.Value {
	var out contact.Value
	for _, e := range v {
		if m.key(f, e) != "" && m.p.fits(f, t, contact.Value{e}) {
			out = append(out, e)
		}
	}
	return out
}

// surplus cuts v to the room of side t and tells people what of the other
// side's value stays behind there: it is kept, never removed.
func (m *merge) surplus(f contact.Field, t Side, v contact.Value) contact.Value {
	kept := m.side[t].cut(f, v)
	have := m.keys(f, kept)
	var tooMany, tooLong contact.Value
	for _, e := range m.side[t.Other()].value(f) {
		switch k := m.key(f, e); {
		case k == "" || have[k]:
		case !m.p.fits(f, t, contact.Value{e}):
			tooLong = append(tooLong, e)
		case len(kept) < len(v):
			tooMany = append(tooMany, e)
		}
	}
	m.overflow(f, t.Other(), tooMany, ReasonCapacity)
	m.overflow(f, t.Other(), tooLong, ReasonTooLong)
	return kept
}

// overflow tells of the elements that only side s keeps.
func (m *merge) overflow(f contact.Field, s Side, v contact.Value, why Reason) {
	if len(v) > 0 {
		n := Note{Kind: Overflow, Field: f, Winner: s, Reason: why}
		n.Value[s] = v
		m.note(n)
	}
}

func (m *merge) key(f contact.Field, text string) string { return m.p.set.Norm.Key(f, text) }

func (m *merge) keys(f contact.Field, v contact.Value) map[string]bool {
	keys := make(map[string]bool, len(v))
	for _, e := range v {
		if k := m.key(f, e); k != "" {
			keys[k] = true
		}
	}
	return keys
}

// subset reports whether every text of a is in b; both are sorted.
func subset(a, b []string) bool {
	for _, x := range a {
		if _, ok := slices.BinarySearch(b, x); !ok {
			return false
		}
	}
	return true
}
