package main

import (
	"net/http/httptest"
	"testing"
)

func TestGuardRefusesWhatNobodySigned(t *testing.T) {
	for _, c := range []struct {
		name    string
		target  string
		headers map[string]string
		refused bool
	}{
		{"signature in the query", "/b/k?X-Amz-Credential=a", map[string]string{"X-Amz-Content-Sha256": unsignedTrailer, "Authorization": "AWS4 x"}, true},
		{"no signature", "/b/k", map[string]string{"X-Amz-Content-Sha256": unsignedTrailer}, true},
		{"lower case and blanks", "/b/k", map[string]string{"X-Amz-Content-Sha256": " streaming-unsigned-payload-trailer "}, true},
		{"archive to extract", "/b/k", map[string]string{"X-Amz-Content-Sha256": unsignedTrailer, "Authorization": "AWS4 x", "X-Amz-Meta-Snowball-Auto-Extract": "true"}, true},
		{"signature in the header", "/b/k", map[string]string{"X-Amz-Content-Sha256": unsignedTrailer, "Authorization": "AWS4 x"}, false},
		{"signed body", "/b/k?X-Amz-Credential=a", map[string]string{"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"}, false},
	} {
		request := httptest.NewRequest("PUT", c.target, nil)
		for name, value := range c.headers {
			request.Header.Set(name, value)
		}
		if got := unproven(request); got != c.refused {
			t.Errorf("%s: refused %v, want %v", c.name, got, c.refused)
		}
	}
}
