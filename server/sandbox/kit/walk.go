package kit

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
)

// Walk goes through the provider's pages as a person with a browser would: it
// opens the authorization URL, signs in as user (an e-mail) and allows or
// denies. It returns the address that the browser is sent back to, which it
// does not open. It is for tests of what starts and ends a sign-in.
func Walk(ctx context.Context, authURL, user string, allow bool) (callback *url.URL, err error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return WalkWith(ctx, &http.Client{Jar: jar}, authURL, user, allow)
}

// WalkWith is Walk with a browser that may be signed in already: client should
// have a cookie jar. Its CheckRedirect is replaced.
func WalkWith(ctx context.Context, client *http.Client, authURL, user string, allow bool) (*url.URL, error) {
	provider, err := url.Parse(authURL)
	if err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(provider.Path, "/authorize")
	var callback *url.URL
	client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == provider.Host && (r.URL.Path == base+"/authorize" || r.URL.Path == base+"/consent") {
			return nil
		}
		callback = r.URL
		return http.ErrUseLastResponse
	}
	body, err := visit(ctx, client, http.MethodGet, authURL, nil)
	for range 3 {
		if err != nil || callback != nil {
			return callback, err
		}
		m := hiddenID.FindStringSubmatch(body)
		if m == nil {
			return nil, fmt.Errorf("the provider's page has no form: %s", pageText(body))
		}
		form := url.Values{"id": {html.UnescapeString(m[2])}}
		if strings.HasSuffix(m[1], "/signin") {
			form.Set("email", user)
		} else if form.Set("answer", "deny"); allow {
			form.Set("answer", "allow")
		}
		target := provider.ResolveReference(&url.URL{Path: m[1]})
		body, err = visit(ctx, client, http.MethodPost, target.String(), form)
	}
	if callback != nil || err != nil {
		return callback, err
	}
	return nil, errors.New("the provider's pages do not end: " + pageText(body))
}

var (
	hiddenID = regexp.MustCompile(`<form method="post" action="([^"]+)"[^>]*>\s*<input type="hidden" name="id" value="([^"]+)"`)
	tags     = regexp.MustCompile(`<[^>]*>`)
)

func visit(ctx context.Context, client *http.Client, method, target string, form url.Values) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	return string(body), err
}

func pageText(body string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(body, " "))), " ")
}
