package espocrm

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
)

// connect proves the credentials by asking who is signed in.
func connect(ctx context.Context, a provider.Access) (provider.Connected, error) {
	if err := complete(a.Values); err != nil {
		return provider.Connected{}, err
	}
	client, err := a.HTTP(a.BaseURL, auth(a.Values))
	if err != nil {
		return provider.Connected{}, err
	}
	who, err := api{client}.whoAmI(ctx)
	if err != nil {
		return provider.Connected{}, signInError(err, a.Values)
	}
	if !who.reads(entityContact) && !who.reads(entityLead) {
		return provider.Connected{}, &contact.Error{Kind: contact.ErrForbidden, Field: fieldUsername,
			Message: "This EspoCRM account may see neither contacts nor leads. Ask your EspoCRM administrator for a role that allows it."}
	}
	return provider.Connected{Account: who.account(), Values: keep(a.Values, who), Notice: notices(a.Values, who)}, nil
}

// complete checks what was typed before it is sent anywhere.
func complete(values map[string]string) error {
	need := []string{fieldUsername, fieldPassword}
	if values[fieldAuth] == authAPIKey {
		need = []string{fieldAPIKey}
	}
	words := map[string]string{fieldUsername: "your EspoCRM user name", fieldPassword: "your EspoCRM password", fieldAPIKey: "the API key"}
	for _, name := range need {
		if strings.TrimSpace(values[name]) == "" {
			return &contact.Error{Kind: contact.ErrReconnect, Field: name, Message: "Enter " + words[name] + "."}
		}
	}
	return nil
}

// auth adds the credentials. EspoCRM reads its own header in place of
// Authorization, which some web servers swallow; it also makes it give a token.
func auth(values map[string]string) rest.Auth {
	return func(r *http.Request) error {
		if values[fieldAuth] == authAPIKey {
			r.Header.Set("X-Api-Key", strings.TrimSpace(values[fieldAPIKey]))
			return nil
		}
		secret := values[fieldPassword]
		if token := values[keepToken]; token != "" {
			secret = token
			// Not to be tried as a password: that would count as a failed sign-in.
			r.Header.Set("Espo-Authorization-By-Token", "true")
		}
		pair := strings.TrimSpace(values[fieldUsername]) + ":" + secret
		r.Header.Set("Espo-Authorization", base64.StdEncoding.EncodeToString([]byte(pair)))
		return nil
	}
}

// keep is what is stored: a token in place of the password where there is one.
func keep(values map[string]string, who *identity) map[string]string {
	kept := map[string]string{fieldAuth: authPassword, keepPhones: who.phones()}
	switch {
	case values[fieldAuth] == authAPIKey:
		kept[fieldAuth], kept[fieldAPIKey] = authAPIKey, strings.TrimSpace(values[fieldAPIKey])
	case who.Token != "":
		kept[fieldUsername], kept[keepToken] = strings.TrimSpace(values[fieldUsername]), who.Token
	default:
		kept[fieldUsername], kept[fieldPassword] = strings.TrimSpace(values[fieldUsername]), values[fieldPassword]
	}
	return kept
}

func notices(values map[string]string, who *identity) []string {
	var out []string
	if values[fieldAuth] == authAPIKey {
		out = append(out, "An API key belongs to an API user: \"mine\" means the records that are assigned to "+who.account().Name+".")
	}
	if values[fieldAuth] != authAPIKey && who.Token != "" {
		out = append(out, "EspoCRM ends a sign-in that is not used for two days, unless its administrator chose otherwise. Automatic sync keeps it alive.")
	}
	if !who.reads(entityContact) {
		out = append(out, "This account may not see contacts; only leads can be synchronised.")
	}
	if !who.reads(entityLead) {
		out = append(out, "This account may not see leads; only contacts can be synchronised.")
	}
	return out
}

// signInError puts a refused sign-in beside the field that it belongs to.
func signInError(err error, values map[string]string) error {
	var e *contact.Error
	if !errors.As(err, &e) || !errors.Is(err, contact.ErrReconnect) && !errors.Is(err, contact.ErrForbidden) {
		return err
	}
	told := *e
	switch {
	case strings.Contains(causeText(e), "second-step"):
		told.Field = fieldPassword
		told.Message = "This EspoCRM account needs a second step to sign in, which a sync cannot do. Ask your administrator for an API key and connect with that."
	case errors.Is(err, contact.ErrReconnect) && values[fieldAuth] == authAPIKey:
		told.Field = fieldAPIKey
		told.Message = "EspoCRM does not accept this API key. Check it, and that its API user is active."
	case errors.Is(err, contact.ErrReconnect):
		told.Field = fieldPassword
		told.Message = "EspoCRM does not accept this user name and password. Check both; they are the ones that you type in EspoCRM itself."
	case told.Field == "":
		told.Field = fieldUsername
		told.Message = "EspoCRM knows this account but does not let it in by the API. Ask your EspoCRM administrator."
	}
	return &told
}

func causeText(e *contact.Error) string {
	if e.Cause == nil {
		return ""
	}
	return e.Cause.Error()
}
