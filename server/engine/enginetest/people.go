package enginetest

import (
	"fmt"

	"tandem/server/contact"
	"tandem/server/engine/plan"
)

// Person is somebody with a name, an e-mail, a phone and a title of their own,
// and a nickname that is never synchronised.
func (w *World) Person(tag string) contact.Contact {
	return contact.Contact{
		Name: contact.Name{Given: "Ann", Surname: tag}, Nickname: w.Unique("Nick"),
		Emails:   []string{fmt.Sprintf("%s.%03d@example.com", tag, w.token)},
		Phones:   []contact.Phone{{Kind: contact.PhoneMobile, Number: fmt.Sprintf("030 555%03d", w.token)}},
		JobTitle: w.Unique("Title"),
	}
}

// retitle types a new job title.
func (w *World) retitle(user int, s plan.Side, tag string) {
	title := w.Unique("Title")
	w.Edit(user, s, tag, func(c *contact.Contact) { c.JobTitle = title })
}

// unit types a new department.
func (w *World) reunit(user int, s plan.Side, tag string) {
	unit := w.Unique("Unit")
	w.Edit(user, s, tag, func(c *contact.Contact) { c.Unit = unit })
}

// act is what a person does at the moment of a fault.
func (w *World) act(k Kind, user int) {
	w.acting.Lock()
	defer w.acting.Unlock()
	s := k.side()
	switch k {
	case TypesSame, TypesSameThere:
		w.retitle(user, s, w.subject)
	case TypesOther, TypesOtherThere:
		w.reunit(user, s, w.subject)
	case TypesNew, TypesNewThere:
		tag := fmt.Sprintf("Extra%d", w.token)
		w.Put(user, s, tag, w.Person(tag))
	case Removes, RemovesThere:
		w.Remove(user, s, w.subject)
	}
}
