package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tandem/addin"
	"tandem/views"
)

// routes are all URLs there are. Every one has an entry in the matrix of
// routes_test.go, which proves who may use it.
func (w *Web) routes() {
	e := w.echo
	e.GET("/healthz", w.healthz)
	e.GET("/readyz", w.readyz)
	e.GET("/manifest.xml", w.manifest)
	e.GET(views.StaticPrefix+"*", echo.WrapHandler(views.Static()))
	e.GET(addin.Prefix+"*", echo.WrapHandler(addin.Files(w.Demo)))

	// The page: public.
	page := e.Group("", w.onHost(w.BaseURL), w.asPage)
	page.GET(views.RouteHome, to(views.RouteConnections))
	page.GET(views.RouteSignIn, w.signInPage)
	page.POST(views.RouteSignIn, w.signIn)
	page.GET(views.RouteSignInCallback, w.signInBack)
	page.GET(views.RouteContinue, w.continuePage)
	page.POST(views.RouteContinue, w.continueAs)
	page.GET(views.RouteHelp, w.help, w.maybeSignedIn)
	page.GET(views.RouteHelpTopic, w.help, w.maybeSignedIn)

	// The page: for whoever is signed in.
	own := page.Group("", w.signedIn)
	own.POST(views.RouteSignOut, w.signOut)
	own.GET(views.RouteSetup, w.setupPage)
	own.POST(views.RouteSetup, w.setup)
	own.GET(views.RouteAutoSync, to(views.RouteConnections))
	own.GET(views.RouteConnTab, to(views.RouteConnections))
	own.GET(views.RouteConnPage, w.connections)
	own.POST(views.RouteConnect, w.connect)
	own.GET(views.RouteDisconnect, w.disconnectPage)
	own.POST(views.RouteDisconnect, w.disconnect)
	own.GET(views.RouteOAuthCallback, w.connectBack)
	own.POST(views.RouteSyncNow, w.syncNow)
	own.POST(views.RouteSyncPreview, w.syncPreview)
	own.POST(views.RouteSyncSweep, w.syncSweep)
	own.POST(views.RouteSyncConfirm, w.syncConfirm)
	own.POST(views.RouteSyncAuto, w.syncAuto)
	own.GET(views.RouteSyncReset, w.resetPage)
	own.POST(views.RouteSyncReset, w.reset)
	own.POST(views.RouteSyncUndo, w.undoReset)
	own.GET(views.RouteSyncProgress, w.progress)
	own.GET(views.RouteSettings, to(views.RouteSettingsPage))
	own.GET(views.RouteSettingsPage, w.settingsPage)
	own.POST(views.RouteSettingsPage, w.saveSettings)
	own.GET(views.RouteActivity, w.activity)
	own.GET(views.RouteRun, w.run)
	own.POST(views.RouteUndo, w.undoRun)
	own.POST(views.RouteItem, w.settleItem)
	own.POST(views.RouteItems, w.settleItems)

	// The page: for administrators.
	admin := own.Group("", w.admin)
	admin.GET(views.RouteGlobal, w.globalPage)
	admin.POST(views.RouteGlobal, w.saveGlobal)
	admin.GET(views.RouteProfiles, w.profiles)
	admin.POST(views.RouteProfiles, w.createProfile)
	admin.POST(views.RouteAssign, w.assign)
	admin.GET(views.RouteProfile, w.profile)
	admin.POST(views.RouteProfile, w.saveProfile)
	admin.GET(views.RouteProfileGone, w.deleteProfilePage)
	admin.POST(views.RouteProfileGone, w.deleteProfile)

	// The sidebar: public, without data.
	side := e.Group("", w.onHost(w.AddinURL), w.sidebarPolicy)
	side.GET(views.RouteSidebar, w.sidebar)
	side.GET(views.RouteDialog, w.dialog)
	side.GET(views.RouteDialogDone, w.dialogDone)
	side.POST(views.RouteToken, w.token)

	// The sidebar: with its bearer token.
	pane := side.Group("", w.bearer)
	pane.POST(views.RoutePeople, w.people)
	pane.POST(views.RouteMenu, w.menu)
	pane.POST(views.RouteLeave, w.leaveSidebar)

	// Each group has answered for unknown addresses, the last one for all: they
	// are nobody's.
	for _, path := range []string{"", "/*"} {
		e.RouteNotFound(path, func(echo.Context) error { return errNotFound })
	}
}

// to redirects to another page of ours.
func to(path string) echo.HandlerFunc {
	return func(c echo.Context) error { return c.Redirect(http.StatusFound, path) }
}

// ReturnTo are the pages to which a sign-in may lead back.
func ReturnTo() []string {
	return []string{
		views.RouteConnPage, views.RouteSettingsPage, views.RouteActivity, views.RouteActivity + "/*",
		views.RouteGlobal, views.RouteProfiles, views.RouteProfiles + "/*", views.RouteSetup,
	}
}

// SetupPath is where the first administrator enters the set-up code.
const SetupPath = views.RouteSetup
