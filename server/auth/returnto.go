package auth

import "strings"

// ReturnTo is path where the sign-in may lead back to it, else "/". Only paths
// of Options.ReturnTo pass, so no form of a foreign address can: neither
// "//host" nor a backslash, a control character or an encoded one of these.
func (s *Service) ReturnTo(path string) string {
	for i := range len(path) {
		if c := path[i]; !plain(c) && c != '/' {
			return "/"
		}
	}
	for _, allowed := range s.o.ReturnTo {
		if path == allowed {
			return path
		}
		if prefix, ok := strings.CutSuffix(allowed, "*"); ok {
			if rest, ok := strings.CutPrefix(path, prefix); ok && rest != "" && !strings.Contains(rest, "/") {
				return path
			}
		}
	}
	return "/"
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}
