package main

import (
	"net/http"
	"strings"
	_ "unsafe" // go:linkname

	_ "github.com/minio/minio/cmd"
	"github.com/minio/mux"
)

// The server's list of middlewares is private; it is read when the router is made.
//
//go:linkname globalMiddlewares github.com/minio/minio/cmd.globalMiddlewares
var globalMiddlewares []mux.MiddlewareFunc

const unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

const refusal = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code>` +
	`<Message>a body with an unsigned trailer is taken with a signature in the header only</Message></Error>`

// unproven says that a request would be taken without a valid signature: this version of the server skips the check for
// bodies with an unsigned trailer when the signature is in the query, absent, or the body is an archive to extract.
func unproven(r *http.Request) bool {
	if !strings.EqualFold(strings.TrimSpace(r.Header.Get("X-Amz-Content-Sha256")), unsignedTrailer) {
		return false
	}
	return r.Header.Get("Authorization") == "" ||
		r.Header.Get("X-Amz-Meta-Snowball-Auto-Extract") != "" ||
		r.URL.Query().Has("X-Amz-Credential")
}

func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if unproven(r) {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(refusal))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func installGuard() {
	globalMiddlewares = append([]mux.MiddlewareFunc{guard}, globalMiddlewares...)
}
