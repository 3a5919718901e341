import express from 'express';
import session from 'express-session';
import passport from 'passport';
import Strategy from 'passport-openidconnect';
import { BASE, CLIENT_ID, CLIENT_SECRET, ISSUER, PORT, page } from './env.mjs';

const metadata = await (await fetch(`${ISSUER}/.well-known/openid-configuration`)).json();
const strategy = new Strategy(
  {
    issuer: metadata.issuer,
    authorizationURL: metadata.authorization_endpoint,
    tokenURL: metadata.token_endpoint,
    userInfoURL: metadata.userinfo_endpoint,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    callbackURL: `${BASE}/callback`,
    scope: ['profile'],
    // It knows no PKCE, so the client is exempt from it, and sends a nonce.
    nonce: true,
    skipUserProfile: false,
  },
  (_issuer, profile, done) => done(null, { sub: profile.id, preferred_username: profile.username }),
);
passport.use(strategy);
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user, done) => done(null, user));

const app = express();
app.use(session({ secret: 'of the application', resave: false, saveUninitialized: false }), passport.session());
app.get('/', (request, response) => response.send(page(request.user)));
app.get('/login', passport.authenticate('openidconnect'));
app.get('/callback', passport.authenticate('openidconnect', { successRedirect: '/', failureMessage: true }));
app.listen(Number(PORT), '127.0.0.1');
