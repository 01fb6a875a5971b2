package carddav

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"tandem/server/contact"
	"tandem/server/rest"
)

const (
	maxListing = 48 << 20 // octets of a listing of ETags
	maxCards   = 16 << 20 // octets of an answer that holds cards
	maxRows    = 500_000
)

// dav sends the requests of WebDAV.
type dav struct{ http rest.Doer }

// ask sends a request with an XML body and reads a multistatus. Any other
// answer is returned as res, with rows nil and no error, for the caller to
// judge.
func (d dav) ask(ctx context.Context, method, target, depth, body string, max int64, each func(row)) (token string, res *rest.Response, err error) {
	header := http.Header{"Content-Type": {"application/xml; charset=utf-8"}}
	if depth != "" {
		header.Set("Depth", depth)
	}
	res, err = d.http.Do(ctx, rest.Request{Method: method, URL: target, Header: header, MaxBytes: max,
		Body: []byte(`<?xml version="1.0" encoding="utf-8"?>` + body)})
	if err != nil || res.Status != http.StatusMultiStatus {
		return "", res, err
	}
	rows := 0
	err = eachRow(res.Body, func(n *node) error {
		switch {
		case n.space == nsDAV && n.name == "response":
			if rows++; rows > maxRows {
				return errRowCount
			}
			each(toRow(n))
		case n.space == nsDAV && n.name == "sync-token":
			token = n.trimmed()
		}
		return nil
	})
	if err != nil {
		return "", res, notUnderstood(res, err)
	}
	return token, res, nil
}

// propfind reads properties; see ask.
func (d dav) propfind(ctx context.Context, target, depth, props string) (rows []row, res *rest.Response, err error) {
	_, res, err = d.ask(ctx, "PROPFIND", target, depth, propfindBody(props), maxListing, func(r row) { rows = append(rows, r) })
	return rows, res, err
}

func propfindBody(props string) string {
	return `<d:propfind xmlns:d="DAV:" xmlns:c="` + nsCard + `" xmlns:s="` + nsCS + `"><d:prop>` + props + `</d:prop></d:propfind>`
}

// notUnderstood is the error for an answer that is no multistatus.
func notUnderstood(res *rest.Response, cause error) error {
	if rest.WebPage(res) {
		return noCardDAV(res, cause)
	}
	return &contact.Error{Kind: contact.ErrProtocol, Cause: cause,
		Message: "The answer of " + host(res) + " could not be understood. The sync goes on with the next run."}
}

var errWebPage = errors.New("the answer is a web page")

func noCardDAV(res *rest.Response, cause error) error {
	return &contact.Error{Kind: contact.ErrBaseURL, Field: fieldURL, Cause: cause,
		Message: "There is no address book at this address of " + host(res) + ". Check the address; your provider calls it the CardDAV address."}
}

func host(res *rest.Response) string {
	if res == nil || res.URL == nil {
		return "the server"
	}
	return res.URL.Hostname()
}

// statusError is an unexpected status of a request, for the log.
type statusError int

func (s statusError) Error() string {
	return fmt.Sprintf("status %d %s", int(s), http.StatusText(int(s)))
}

// trouble is the error for an answer that concerns the connection as a whole.
func (d dav) trouble(res *rest.Response) error {
	e := &contact.Error{Kind: contact.ErrProtocol, Cause: statusError(res.Status)}
	switch s := res.Status; {
	case s == http.StatusUnauthorized && res.Bare:
		e.Kind, e.Field = contact.ErrBaseURL, fieldURL
		e.Message = "Your server sends us on to " + originOf(res.URL) + ". If that is yours, enter it as the address."
	case s == http.StatusUnauthorized:
		e.Kind, e.Field = contact.ErrReconnect, fieldPassword
		e.Message = host(res) + " does not accept this user name and password. Many providers need an app password here, made in the settings of your account."
	case s == http.StatusPaymentRequired:
		e.Kind = contact.ErrNotLicensed
		e.Message = host(res) + " does not give this account access to its address books."
	case s == http.StatusForbidden:
		e.Kind = contact.ErrForbidden
		e.Message = host(res) + " does not allow this account to use the address book. Ask its owner or your administrator."
	case s == http.StatusNotFound, s == http.StatusGone, s == http.StatusMethodNotAllowed, s == http.StatusNotImplemented,
		s >= 200 && s < 400:
		return noCardDAV(res, statusError(res.Status))
	case s == http.StatusTooManyRequests:
		e.Kind = contact.ErrQuota
		e.Message = host(res) + " limits how many requests it accepts. The sync goes on later by itself."
	case s >= 500:
		e.Kind = contact.ErrUnavailable
		e.Message = host(res) + " is failing at the moment. The sync goes on later by itself."
	default:
		e.Message = host(res) + " refused a request. The sync goes on with the next run."
	}
	return e
}

func originOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

// condition reports whether an error body names a condition (RFC 4918 section 16).
func condition(body []byte, names ...string) bool {
	root := parseError(body)
	if root == nil {
		return false
	}
	for _, k := range root.kids {
		for _, n := range names {
			if strings.EqualFold(k.name, n) {
				return true
			}
		}
	}
	return false
}
