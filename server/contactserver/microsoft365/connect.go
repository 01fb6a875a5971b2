package microsoft365

import (
	"context"
	"maps"
	"net/http"
	"strings"

	"tandem/server/contact"
	"tandem/server/provider"
	"tandem/server/rest"
)

// The form's field, and what Connect keeps.
const (
	fieldFolder   = "folder"
	folderDefault = "default"
	folderOwn     = "own"
	keepFolder    = "folderid"
	keepAccount   = "account"
	keepName      = "name"
	keepEmail     = "email"
)

// ownFolder is the name of the folder of its own.
const ownFolder = "CRM Contacts"

// connect finds out who is signed in, that there is a mailbox which we may
// read, and the folder.
func connect(ctx context.Context, a provider.Access) (provider.Connected, error) {
	client, err := a.HTTP(a.BaseURL, rest.Bearer(a.Token))
	if err != nil {
		return provider.Connected{}, err
	}
	g := api{client, newMailboxes().of("")}
	var who account
	if err := g.get(ctx, query("me", "$select", "id,displayName,mail,userPrincipalName"), &who); err != nil {
		return provider.Connected{}, err
	}
	var some list[item]
	if err := g.get(ctx, query("me/contacts", "$top", "1", "$select", "id,parentFolderId"), &some); err != nil {
		return provider.Connected{}, err
	}
	values := maps.Clone(a.Values)
	if values == nil {
		values = map[string]string{}
	}
	out := provider.Connected{Account: who.account(), Values: values}
	values[keepAccount], values[keepName], values[keepEmail] = out.Account.ID, out.Account.Name, out.Account.Email
	delete(values, keepFolder)
	switch {
	case values[fieldFolder] == folderOwn:
		f, err := g.folder(ctx, ownFolder)
		if err != nil {
			return provider.Connected{}, err
		}
		values[keepFolder] = f.ID
		out.Account.ID = accountID(values)
		out.Notice = append(out.Notice, "Contacts are kept in the folder \""+ownFolder+"\". Phones and other programs may not show it.")
	case len(some.Value) > 0:
		// The default folder is in no list of folders: its contacts know it.
		values[keepFolder] = some.Value[0].ParentFolderID
	}
	return out, nil
}

// account names the connection.
func (a account) account() contact.Account {
	out := contact.Account{ID: a.ID, Name: a.DisplayName, Email: a.Mail}
	if out.Email == "" && strings.Contains(a.PrincipalName, "@") {
		out.Email = a.PrincipalName
	}
	for _, s := range []string{out.Email, a.PrincipalName} {
		if out.Name == "" {
			out.Name = s
		}
	}
	return out
}

// accountID tells a folder of its own from the default one: another folder is
// another first run.
func accountID(values map[string]string) string {
	if values[fieldFolder] == folderOwn {
		return values[keepAccount] + "/" + values[keepFolder]
	}
	return values[keepAccount]
}

// folder finds a folder by its name, or makes it.
func (a api) folder(ctx context.Context, name string) (folder, error) {
	ref := query("me/contactFolders", "$top", "100")
	for ref != "" {
		var page list[folder]
		if err := a.get(ctx, ref, &page); err != nil {
			return folder{}, err
		}
		for _, f := range page.Value {
			if contact.Fold(f.DisplayName) == contact.Fold(name) {
				return f, nil
			}
		}
		var err error
		if ref, err = a.follow(page.NextLink, ref); err != nil {
			return folder{}, err
		}
	}
	var made folder
	res, err := a.do(ctx, http.MethodPost, "me/contactFolders", map[string]string{"displayName": name}, &made)
	if err == nil && !res.OK() {
		err = faultOf(res.Status, res.Body)
	}
	return made, err
}
