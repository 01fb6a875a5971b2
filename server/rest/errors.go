package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"tandem/server/contact"
)

// translate makes the sentence for a failed exchange with u. Errors that are
// already translated (by an Auth) pass unchanged.
func translate(err error, u *url.URL) *contact.Error {
	var done *contact.Error
	if errors.As(err, &done) {
		copied := *done
		return &copied
	}
	host := u.Hostname()
	e := &contact.Error{Kind: contact.ErrUnreachable, Field: "url", Cause: err}
	say := func(kind error, format string, args ...any) *contact.Error {
		e.Kind, e.Message = kind, fmt.Sprintf(format, args...)
		return e
	}
	var (
		block *blocked
		cross *crossing
		dns   *net.DNSError
		fault urlFault
		bad   x509.CertificateInvalidError
		name  x509.HostnameError
		auth  x509.UnknownAuthorityError
		cert  *tls.CertificateVerificationError
		timed net.Error
	)
	switch {
	case errors.As(err, &block) && block.plain:
		return say(contact.ErrBlocked, "%s can be reached by https only. Begin the address with https://.", host)
	case errors.As(err, &block):
		return say(contact.ErrBlocked, "The address %s is inside a private network, which this service may not reach. If that is your own server, ask your administrator to add it to ALLOWED_PRIVATE_NETWORKS.", host)
	case errors.As(err, &cross):
		return say(contact.ErrBaseURL, "The server at %s sends us on to %s. Enter that address instead, if it is yours.", host, cross.to.Scheme+"://"+cross.to.Host)
	case errors.As(err, &fault):
		return say(contact.ErrProtocol, "The server at %s sends us on to an address that cannot be used.", host)
	case errors.Is(err, errRedirects):
		return say(contact.ErrProtocol, "The server at %s sends us round in circles. Check the address.", host)
	case errors.Is(err, errTooLarge):
		e.Field = ""
		return say(contact.ErrProtocol, "The answer of %s is larger than this service accepts.", host)
	case errors.As(err, &bad) && bad.Reason == x509.Expired:
		return say(contact.ErrCertificate, "The certificate of %s has expired or is not valid yet. Its operator has to renew it.", host)
	case errors.As(err, &name):
		return say(contact.ErrCertificate, "The certificate of this server is not made out for %s. Check the address.", host)
	case errors.As(err, &auth):
		return say(contact.ErrCertificate, "The certificate of %s is not signed by an authority that this service knows. Its operator has to install one that is.", host)
	case errors.As(err, &cert), errors.As(err, &bad):
		return say(contact.ErrCertificate, "The certificate of %s is not valid.", host)
	case errors.As(err, new(tls.RecordHeaderError)), errors.Is(err, http.ErrSchemeMismatch), errors.As(err, new(tls.AlertError)):
		return say(contact.ErrUnreachable, "%s does not speak https at this address. Check the address and the port.", u.Host)
	case errors.As(err, &dns) && dns.IsNotFound:
		return say(contact.ErrUnreachable, "There is no server named %s. Check the address.", host)
	case errors.As(err, &dns):
		return say(contact.ErrUnreachable, "The name %s cannot be looked up at the moment. Try again later.", host)
	case errors.Is(err, syscall.ECONNREFUSED):
		return say(contact.ErrUnreachable, "The server at %s refuses connections. Check the address and the port, or try again later.", u.Host)
	case errors.Is(err, context.Canceled):
		e.Field = ""
		return say(contact.ErrUnreachable, "The request to %s was interrupted.", host)
	case errors.Is(err, errIdle), errors.As(err, &timed) && timed.Timeout():
		return say(contact.ErrUnreachable, "The server at %s did not answer in time. Try again later.", u.Host)
	case strings.Contains(err.Error(), "response headers exceeded"):
		return say(contact.ErrProtocol, "The answer of %s is larger than this service accepts.", host)
	}
	return say(contact.ErrUnreachable, "The connection to %s broke off. Try again later.", u.Host)
}

// passing reports whether an error may be gone at the next attempt.
func passing(err error) bool {
	var done *contact.Error
	if errors.As(err, &done) {
		return false
	}
	var (
		block *blocked
		cross *crossing
		fault urlFault
		cert  *tls.CertificateVerificationError
		dns   *net.DNSError
	)
	switch {
	case errors.As(err, &block), errors.As(err, &cross), errors.As(err, &fault), errors.As(err, &cert),
		errors.As(err, &dns) && dns.IsNotFound,
		errors.Is(err, errTooLarge), errors.Is(err, errRedirects), errors.Is(err, http.ErrSchemeMismatch),
		errors.As(err, new(tls.RecordHeaderError)):
		return false
	}
	return true
}

// fault is the kind of an error in one word for the log: error texts of the
// network may hold whole URLs, and those may hold secrets.
func fault(err error) string {
	if e := translate(err, &url.URL{}); e.Kind != nil {
		return e.Kind.Error()
	}
	return "failed"
}
