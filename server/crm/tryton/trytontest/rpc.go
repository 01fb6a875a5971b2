package trytontest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// Call calls a method of Tryton's JSON-RPC as the administrator and gives its
// result as encoding/json decodes it. The context argument is added. An error
// of Tryton fails the test.
func (s *Server) Call(t testing.TB, method string, params ...any) any {
	t.Helper()
	out, err := s.TryCall(method, params...)
	if err != nil {
		t.Fatalf("trytontest: %v", err)
	}
	return out
}

// TryCall is Call for what may fail.
func (s *Server) TryCall(method string, params ...any) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	params = append(params, map[string]any{})
	for signedIn := false; ; signedIn = true {
		if s.session == "" {
			if err := s.signIn(); err != nil {
				return nil, err
			}
		}
		status, out, err := s.post(method, params, s.session)
		if status == http.StatusUnauthorized && !signedIn {
			s.session = ""
			continue
		}
		return out, err
	}
}

// As gives the same server as another user sees it through Call. It ends with
// the first one.
func (s *Server) As(login, password string) *Server {
	return &Server{URL: s.URL, Database: s.Database, User: login, Password: password, port: s.port}
}

func (s *Server) signIn() error {
	_, out, err := s.post("common.db.login", []any{s.User, map[string]any{"password": s.Password}}, "")
	if err != nil {
		return err
	}
	pair, ok := out.([]any)
	if !ok || len(pair) < 2 {
		return fmt.Errorf("signing in answers %v", out)
	}
	text := fmt.Sprintf("%s:%d:%v", s.User, int(pair[0].(float64)), pair[1])
	s.session = "Session " + base64.StdEncoding.EncodeToString([]byte(text))
	return nil
}

func (s *Server) post(method string, params []any, session string) (int, any, error) {
	body, err := json.Marshal(map[string]any{"id": 1, "method": method, "params": params})
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequest(http.MethodPost, s.address()+"/"+s.Database+"/", bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if session != "" {
		req.Header.Set("Authorization", session)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, nil, err
	}
	var answer struct {
		Result any `json:"result"`
		Error  any `json:"error"`
	}
	if res.StatusCode != http.StatusOK || json.Unmarshal(text, &answer) != nil {
		return res.StatusCode, nil, fmt.Errorf("%s answers %s", method, res.Status)
	}
	if answer.Error != nil {
		return res.StatusCode, nil, fmt.Errorf("%s answers %v", method, answer.Error)
	}
	return res.StatusCode, answer.Result, nil
}

func (s *Server) address() string { return "http://127.0.0.1:" + s.port }

func ids(t testing.TB, result any) []int {
	t.Helper()
	list, ok := result.([]any)
	if !ok {
		t.Fatalf("trytontest: %v is no list of ids", result)
	}
	out := make([]int, len(list))
	for i, v := range list {
		out[i] = int(v.(float64))
	}
	return out
}
