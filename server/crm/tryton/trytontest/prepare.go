package trytontest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// edition is raised whenever what prepare makes changes.
const edition = "1"

// prepare gives the file of a prepared database, making it where this machine
// has none yet. Test processes that come at the same time wait for the first.
func prepare(t testing.TB) (string, error) {
	t.Helper()
	v, err := version()
	if err != nil {
		return "", err
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		folder = os.TempDir()
	}
	folder = filepath.Join(folder, "tandem-trytontest")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close() // which also gives the lock back
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	file := filepath.Join(folder, v+"-edition-"+edition+".sqlite")
	if ok, err := exists(file); ok || err != nil {
		return file, err
	}
	t.Log("trytontest: preparing Tryton's database, once on this machine")
	s := &Server{Database: database, User: user, Password: password, dir: t.TempDir()}
	if err := s.install(); err != nil {
		return "", err
	}
	t.Cleanup(s.stop) // where seeding fails
	s.start(t)
	s.seed(t)
	s.stop()
	content, err := os.ReadFile(s.file())
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(file+".new", content, 0o600); err != nil {
		return "", err
	}
	return file, os.Rename(file+".new", file)
}

// install makes an empty database and lets Tryton fill it with its modules.
func (s *Server) install() error {
	if err := s.layOut(); err != nil {
		return err
	}
	if err := os.WriteFile(s.file(), nil, 0o600); err != nil {
		return err
	}
	secret := filepath.Join(s.dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return err
	}
	config := fmt.Sprintf("[database]\nuri = sqlite://\npath = %s\n", filepath.Join(s.dir, "db"))
	if err := os.WriteFile(s.config(), []byte(config), 0o600); err != nil {
		return err
	}
	c := exec.Command("tryton-server-admin", "-c", s.config(), "-d", database,
		"-u", "ir", "res", "party", "sale_opportunity", "--activate-dependencies", "--email", "admin@example.com")
	c.Env = append(os.Environ(), "TRYTONPASSFILE="+secret)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("tryton-server-admin: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}

// subdivisions are a few that tests use, of the types Tryton has for them.
var subdivisions = map[string][]map[string]any{
	"DE": {
		{"code": "DE-BE", "name": "Berlin", "type": "state"},
		{"code": "DE-BB", "name": "Brandenburg", "type": "state"},
		{"code": "DE-BY", "name": "Bayern", "type": "state"},
		{"code": "DE-HH", "name": "Hamburg", "type": "state"},
	},
	"US": {
		{"code": "US-CA", "name": "California", "type": "state"},
		{"code": "US-NY", "name": "New York", "type": "state"},
		{"code": "US-TX", "name": "Texas", "type": "state"},
	},
	"IT": {
		{"code": "IT-25", "name": "Lombardia", "type": "region"},
		{"code": "IT-MI", "name": "Milano", "type": "province"},
	},
}

// seed fills in what Tryton's modules leave to an administrator.
func (s *Server) seed(t testing.TB) {
	t.Helper()
	var countries []map[string]any
	names := display.English.Regions()
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string(a) + string(b)
			r, err := language.ParseRegion(code)
			if err != nil || !r.IsCountry() || r.Canonicalize() != r || r.ISO3() == "ZZZ" || names.Name(r) == "" {
				continue
			}
			country := map[string]any{"code": code, "code3": r.ISO3(), "name": names.Name(r)}
			if list := subdivisions[code]; list != nil {
				country["subdivisions"] = []any{[]any{"create", list}}
			}
			countries = append(countries, country)
		}
	}
	s.Call(t, "model.country.country.create", countries)

	one := func(method string, values map[string]any) int {
		return ids(t, s.Call(t, method, []any{values}))[0]
	}
	currency := one("model.currency.currency.create", map[string]any{"name": "Euro", "code": "EUR", "symbol": "€"})
	firm := one("model.party.party.create", map[string]any{"name": "Tandem Ltd"})
	company := one("model.company.company.create", map[string]any{"party": firm, "currency": currency})
	person := one("model.party.party.create", map[string]any{"name": "Administrator"})
	employee := one("model.company.employee.create", map[string]any{"party": person, "company": company})
	s.Call(t, "model.res.user.write", []int{1}, s.belongs(company, employee))
	s.Call(t, "model.party.party.write", []int{firm, person}, map[string]any{"active": false})
}

// belongs are the values that make a user work for a company as an employee.
func (s *Server) belongs(company, employee int) map[string]any {
	return map[string]any{
		"companies": []any{[]any{"add", []int{company}}}, "company": company,
		"employees": []any{[]any{"add", []int{employee}}}, "employee": employee,
	}
}
