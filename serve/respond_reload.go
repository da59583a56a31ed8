package serve

import (
	"reflect"

	"github.com/tocsin-sec/tocsin/respond"
	"github.com/tocsin-sec/tocsin/settings"
)

// playbooksNow are those in force.
func (r *response) playbooksNow() []respond.Playbook {
	if books := r.books.Load(); books != nil {
		return *books
	}
	return nil
}

// reload puts the playbooks of other settings in force, and returns the keys that need a restart.
func (r *response) reload(fresh *settings.Respond) (restart []string, err error) {
	if r == nil {
		return nil, nil
	}
	books, err := fresh.ReadPlaybooks()
	if err != nil {
		return nil, err
	}
	r.books.Store(&books)
	return r.needRestart(fresh), nil
}

// needRestart says which keys of respond that have changed take force at the next start only, because the process with the rights,
// the lists and the user were made of them.
func (r *response) needRestart(fresh *settings.Respond) []string {
	was, is := reflect.ValueOf(r.set), reflect.ValueOf(*fresh)
	var keys []string
	for i := range was.NumField() {
		key := was.Type().Field(i).Tag.Get("yaml")
		if key == "playbooks" || key == "modes" || reflect.DeepEqual(was.Field(i).Interface(), is.Field(i).Interface()) {
			continue
		}
		keys = append(keys, "respond."+key)
	}
	return keys
}
