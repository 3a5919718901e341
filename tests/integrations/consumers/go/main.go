package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt"
)

const (
	issuer   = "https://auth.example.com"
	audience = "https://api.example.com"
)

// Keys is the issuer's JWK Set. An unknown kid makes it fetch again, at most every ten seconds.
type Keys struct {
	mutex   sync.Mutex
	byID    map[string]*ecdsa.PublicKey
	askedAt time.Time
}

var (
	keys   = &Keys{}
	client = &http.Client{Timeout: 5 * time.Second}
)

func (keys *Keys) find(kid string) (*ecdsa.PublicKey, error) {
	keys.mutex.Lock()
	defer keys.mutex.Unlock()
	age := time.Since(keys.askedAt)
	if keys.byID[kid] == nil && age > 10*time.Second || age > 5*time.Minute {
		keys.askedAt = time.Now()
		if fetched, err := fetch(); err == nil {
			keys.byID = fetched // If it fails, the old ones stay.
		}
	}
	if key := keys.byID[kid]; key != nil {
		return key, nil
	}
	return nil, errors.New("unknown kid")
}

func fetch() (map[string]*ecdsa.PublicKey, error) {
	response, err := client.Get(issuer + "/.well-known/jwks.json")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var set struct {
		Keys []struct{ Kid, Crv, X, Y string }
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, response.Body, 1<<16)).Decode(&set); err != nil {
		return nil, err
	}
	found := map[string]*ecdsa.PublicKey{}
	for _, key := range set.Keys {
		x, errX := base64.RawURLEncoding.DecodeString(key.X)
		y, errY := base64.RawURLEncoding.DecodeString(key.Y)
		if key.Crv != "P-256" || errX != nil || errY != nil {
			continue
		}
		public := &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(x), Y: new(big.Int).SetBytes(y)}
		if public.Curve.IsOnCurve(public.X, public.Y) {
			found[key.Kid] = public
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no usable key")
	}
	return found, nil
}

// verify checks what the library does not: that the claims are there at all (it checks `exp` and `nbf` only if they
// are), the issuer, the audience and the type.
func verify(text string) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	parser := &jwt.Parser{ValidMethods: []string{"ES256"}}
	token, err := parser.ParseWithClaims(text, claims, func(token *jwt.Token) (interface{}, error) {
		kid, _ := token.Header["kid"].(string)
		return keys.find(kid)
	})
	if err != nil {
		return nil, err
	}
	isValid := token.Valid && token.Header["typ"] == "at+jwt" &&
		claims.VerifyIssuer(issuer, true) &&
		claims.VerifyAudience(audience, true) &&
		claims.VerifyExpiresAt(time.Now().Unix(), true)
	if !isValid {
		return nil, errors.New("not an access token for this service")
	}
	return claims, nil
}

func profile(response http.ResponseWriter, request *http.Request) {
	scheme, token, _ := strings.Cut(request.Header.Get("Authorization"), " ")
	claims, err := verify(token)
	if err != nil || !strings.EqualFold(scheme, "Bearer") {
		response.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		http.Error(response, "invalid token", http.StatusUnauthorized)
		return
	}
	response.Header().Set("Content-Type", "application/json")
	json.NewEncoder(response).Encode(map[string]interface{}{"user": claims["username"]})
}

func main() {
	http.HandleFunc("/", profile)
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", nil))
}
