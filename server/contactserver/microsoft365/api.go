package microsoft365

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tandem/server/contact"
	"tandem/server/rest"
)

// preferred is sent with every request: identifiers that survive a move between
// folders, and the largest page. It holds for one request alone, so parts of a
// batch carry it too.
const (
	immutable = `IdType="ImmutableId"`
	preferred = immutable + `, odata.maxpagesize=200`
)

// api is a thin client of Graph for one mailbox.
type api struct {
	client *rest.Client
	box    *mailbox
}

// do sends one request and reads a successful answer into out.
func (a api) do(ctx context.Context, method, ref string, in, out any) (*rest.Response, error) {
	done, err := a.box.turn(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer done()
	before := a.client.Requests()
	res, err := rest.JSON(ctx, a.client, rest.Request{Method: method, URL: ref, Header: http.Header{"Prefer": {preferred}}}, in, out)
	if n := a.client.Requests() - before - 1; n > 0 {
		a.box.repeated(int(n))
	}
	return res, err
}

// get reads one thing; answers that are no success are errors of the connection.
func (a api) get(ctx context.Context, ref string, out any) error {
	res, err := a.do(ctx, http.MethodGet, ref, nil, out)
	if err == nil && !res.OK() {
		err = faultOf(res.Status, res.Body)
	}
	return err
}

// part is a request within a batch.
type part struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// read is a part that reads, write one that changes something.
func read(ref string) part {
	return part{Method: http.MethodGet, URL: "/" + ref, Headers: map[string]string{"Prefer": immutable}}
}

func write(method, ref string, match contact.Version, body any) part {
	p := part{Method: method, URL: "/" + ref, Headers: map[string]string{"Prefer": immutable}, Body: raw(body)}
	if p.Body != nil {
		p.Headers["Content-Type"] = "application/json"
	}
	if match != "" {
		p.Headers["If-Match"] = string(match)
	}
	return p
}

// answer is what came back for a part. Status 0 means that it was not sent, or,
// where Lost is set, that it was and no answer is known.
type answer struct {
	Status int
	Header map[string]string
	Body   json.RawMessage
	Lost   bool
}

func (a answer) ok() bool { return a.Status >= 200 && a.Status < 300 }

// retryAfter is what the part's own header says.
func (a answer) retryAfter() (time.Duration, bool) {
	for k, v := range a.Header {
		if strings.EqualFold(k, "Retry-After") {
			return rest.RetryAfter(v, time.Now())
		}
	}
	return 0, false
}

// again reports whether a part was certainly not carried out and may be sent
// once more: throttled, held back because another part failed, or a read.
func (a answer) again(method string) bool {
	switch a.Status {
	case http.StatusTooManyRequests, http.StatusFailedDependency:
		return true
	case http.StatusServiceUnavailable:
		_, told := a.retryAfter()
		return told || method == http.MethodGet
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return method == http.MethodGet
	}
	return false
}

const maxRounds = 6

// batch sends parts, of which none may depend on another, and answers each in
// order. Throttled parts are sent again when their Retry-After is over, four at
// a time, as long as patience lasts. The error is for the connection; what was
// answered until then is there too.
func (a api) batch(ctx context.Context, parts []part) ([]answer, error) {
	answers := make([]answer, len(parts))
	todo := make([]int, len(parts))
	for i := range parts {
		todo[i] = i
	}
	deadline := time.Now().Add(patience)
	for round := 1; ; round++ {
		var again []int
		wait := time.Duration(0)
		for len(todo) > 0 {
			n := min(a.box.parts(), len(todo))
			if err := a.send(ctx, parts, todo[:n], answers); err != nil {
				return answers, err
			}
			for _, i := range todo[:n] {
				if !answers[i].again(parts[i].Method) {
					continue
				}
				again = append(again, i)
				if told, ok := answers[i].retryAfter(); ok {
					wait = max(wait, told)
				}
				a.box.shrink()
			}
			if todo = todo[n:]; wait > 0 {
				// Nothing goes out earlier than the service asks for.
				again, todo = append(again, todo...), nil
			}
		}
		if len(again) == 0 {
			return answers, nil
		}
		wait = max(wait, time.Second<<min(round, 5)/2)
		at := time.Now().Add(wait)
		a.box.close(at)
		if at.After(deadline) {
			return answers, quota(at)
		}
		if round == maxRounds {
			return answers, nil
		}
		if err := sleep(ctx, wait); err != nil {
			return answers, interrupted(err)
		}
		todo = again
	}
}

// send sends one batch.
func (a api) send(ctx context.Context, parts []part, which []int, answers []answer) error {
	done, err := a.box.turn(ctx, len(which))
	if err != nil {
		return err
	}
	defer done()
	var in struct {
		Requests []part `json:"requests"`
	}
	reading := true
	for _, i := range which {
		p := parts[i]
		p.ID = strconv.Itoa(i)
		in.Requests = append(in.Requests, p)
		reading = reading && p.Method == http.MethodGet
		answers[i] = answer{Lost: true}
	}
	var out struct {
		Responses []struct {
			ID      string            `json:"id"`
			Status  int               `json:"status"`
			Headers map[string]string `json:"headers"`
			Body    json.RawMessage   `json:"body"`
		} `json:"responses"`
	}
	before := a.client.Requests()
	res, err := rest.JSON(ctx, a.client, rest.Request{Method: http.MethodPost, URL: "$batch", Repeatable: reading}, in, &out)
	if n := a.client.Requests() - before - 1; n > 0 {
		a.box.repeated(int(n) * len(which))
	}
	if err == nil && !res.OK() {
		err = faultOf(res.Status, res.Body)
		if res.Status < 500 {
			forget(answers, which)
		}
		return err
	}
	if err != nil {
		if res == nil && !rest.Sent(err) {
			forget(answers, which)
		}
		return err
	}
	for _, r := range out.Responses {
		if i, err := strconv.Atoi(r.ID); err == nil && i >= 0 && i < len(answers) {
			answers[i] = answer{Status: r.Status, Header: r.Headers, Body: r.Body}
		}
	}
	return nil
}

// forget marks parts as not sent.
func forget(answers []answer, which []int) {
	for _, i := range which {
		answers[i] = answer{}
	}
}

var plainer = strings.NewReplacer("+", "%20", "%2C", ",", "%24", "$")

// query adds options to an address. Only what has to be is encoded: "$" stays.
func query(ref string, options ...string) string {
	for i := 0; i+1 < len(options); i += 2 {
		sep := "&"
		if i == 0 {
			sep = "?"
		}
		ref += sep + options[i] + "=" + plainer.Replace(url.QueryEscape(options[i+1]))
	}
	return ref
}

// quote is a text within a filter.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
