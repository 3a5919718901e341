//! Which columns of each system hold names, hashes and states, and which ones are known to say nothing that is kept.

use super::state::StateKind;
use super::system::System;

/// The columns of a system, by [`normal`](super::words::normal) names between spaces. A name that ends in `*` is every column that begins
/// so. States that are not here are found by their words.
pub(super) struct Layout {
    /// The first that a row has is the user name.
    pub(super) names: &'static str,
    pub(super) hashes: &'static str,
    pub(super) states: &'static [(&'static str, StateKind)],
    pub(super) ignored: &'static str,
}

impl Layout {
    pub(super) const fn of(system: System) -> &'static Self {
        match system {
            System::Generic => &GENERIC,
            System::Django => &DJANGO,
            System::Devise => &DEVISE,
            System::Firebase => &FIREBASE,
            System::BetterAuth => &BETTER_AUTH,
            System::Supabase => &SUPABASE,
            System::Auth0 => &AUTH0,
            System::Countersign => &COUNTERSIGN,
            System::Keycloak => &KEYCLOAK,
            System::Cognito => &COGNITO,
            System::Werkzeug => &WERKZEUG,
            System::FastapiUsers => &FASTAPI_USERS,
            System::AspNet => &ASP_NET,
            System::Wordpress => &WORDPRESS,
            System::Laravel => &LARAVEL,
            System::Spring => &SPRING,
            System::Kratos => &KRATOS,
            System::Ldap => &LDAP,
            System::Discourse => &DISCOURSE,
            System::Drupal => &DRUPAL,
        }
    }
}

const GENERIC: Layout = Layout {
    names: "username loginname userlogin login email emailaddress mail useremail",
    hashes: "passwordhash hashedpassword encryptedpassword password hash passwd pwd pass userpass \
        userpassword passhash pwdhash pwhash passworddigest cryptedpassword servicespasswordbcrypt",
    states: &[],
    ignored: "",
};

const DJANGO: Layout = Layout {
    names: "username email",
    hashes: "password",
    states: &[],
    ignored: "issuperuser isstaff groups userpermissions",
};

const DEVISE: Layout = Layout {
    names: "email username",
    hashes: "encryptedpassword",
    states: &[],
    ignored: "admin role resetpasswordtoken resetpasswordsentat remembercreatedat confirmationtoken \
        confirmedat confirmationsentat unconfirmedemail failedattempts unlocktoken signincount \
        currentsigninat currentsigninip provider uid jti invitation* authenticatable*",
};

const FIREBASE: Layout = Layout {
    names: "email localid",
    hashes: "passwordhash",
    states: &[("disabled", StateKind::Disabled)],
    ignored: "salt createdat lastsignedinat lastloginat provideruserinfo customattributes validsince \
        passwordupdatedat lastrefreshat displayname photourl phonenumber emailverified mfainfo tenantid \
        version",
};

const BETTER_AUTH: Layout = Layout {
    names: "username email",
    hashes: "password",
    states: &[],
    ignored: "role banreason providerid accountid userid accesstoken refreshtoken idtoken scope \
        accesstokenexpiresat refreshtokenexpiresat twofactorenabled displayusername",
};

const SUPABASE: Layout = Layout {
    names: "email username phone",
    hashes: "encryptedpassword",
    states: &[],
    ignored: "instanceid aud role rawappmetadata* rawusermetadata* issuperadmin confirmationtoken \
        recoverytoken emailchange* phonechange* reauthentication* confirmedat emailconfirmedat \
        phoneconfirmedat invitedat confirmationsentat recoverysentat issso* isanonymous",
};

const AUTH0: Layout = Layout {
    names: "username email",
    hashes: "passwordhash custompasswordhashhashvalue",
    states: &[],
    ignored: "custompasswordhash* appmetadata* usermetadata* connection tenant identities multifactor \
        mfafactors loginscount lastip idoid passwordsetdate* identifiers",
};

const COUNTERSIGN: Layout = Layout {
    names: "username",
    hashes: "passwordhash",
    states: &[("disabled", StateKind::Disabled)],
    ignored: "secondfactors",
};

const KEYCLOAK: Layout = Layout {
    names: "username email",
    hashes: "credentials",
    states: &[],
    ignored: "realmroles clientroles* groups totp notbefore requiredactions disableablecredentialtypes \
        federatedidentities federationlink attributes* access* origin self clientconsents \
        applicationroles* userprofilemetadata*",
};

const COGNITO: Layout = Layout {
    names: "cognitousername username email phonenumber",
    hashes: "",
    states: &[("cognitouserstatus", StateKind::Words)],
    ignored: "attributes usercreatedate userlastmodifieddate cognitomfaenabled userstatus sub cognito* mfaoptions profile custom* identities",
};

const WERKZEUG: Layout = Layout {
    names: GENERIC.names,
    hashes: GENERIC.hashes,
    states: &[],
    ignored: "fsuniquifier logincount currentloginat currentloginip confirmedat",
};

const FASTAPI_USERS: Layout =
    Layout { names: "username email", hashes: "hashedpassword", states: &[], ignored: "issuperuser" };

const ASP_NET: Layout = Layout {
    names: "username email",
    hashes: "passwordhash",
    states: &[("lockoutend", StateKind::DisabledUntil), ("lockoutenddateutc", StateKind::DisabledUntil)],
    ignored: "normalizedusername normalizedemail emailconfirmed securitystamp concurrencystamp \
        phonenumberconfirmed twofactorenabled lockoutenabled accessfailedcount discriminator",
};

const WORDPRESS: Layout = Layout {
    names: "userlogin useremail",
    hashes: "userpass",
    // WordPress itself gives no meaning but "nothing" to 0.
    states: &[
        ("userstatus", StateKind::Disabled),
        ("spam", StateKind::Disabled),
        ("deleted", StateKind::Disabled),
    ],
    ignored: "useractivationkey userregistered usernicename userurl displayname roles role",
};

const LARAVEL: Layout = Layout {
    names: "email username",
    hashes: "password",
    states: &[],
    ignored: "remembertoken twofactor* currentteamid profilephotopath apitoken stripeid",
};

const SPRING: Layout = Layout {
    names: "username email",
    hashes: "password",
    states: &[("credentialsnonexpired", StateKind::Enabled)],
    ignored: "authority authorities",
};

const KRATOS: Layout = Layout {
    names: "traitsusername traitsemail",
    hashes: "credentialspasswordconfighashedpassword",
    states: &[("state", StateKind::Words)],
    ignored: "credentials* traits* schema* statechangedat verifiableaddresses recoveryaddresses metadata* \
        organizationid availableaal",
};

const LDAP: Layout = Layout {
    names: "uid samaccountname userprincipalname mail",
    hashes: "userpassword",
    states: &[
        ("pwdaccountlockedtime", StateKind::Disabled),
        ("nsaccountlock", StateKind::Disabled),
        ("logindisabled", StateKind::Disabled),
        ("dspwpaccountdisabled", StateKind::Disabled),
        ("useraccountcontrol", StateKind::Disabled),
        ("shadowexpire", StateKind::Expires),
        ("krbprincipalexpiration", StateKind::Expires),
    ],
    ignored: "dn objectclass cn sn gn uidnumber gidnumber homedirectory loginshell gecos memberof \
        structuralobjectclass entry* creatorsname createtimestamp modifiersname modifytimestamp \
        shadowlastchange shadowmin shadowmax shadowwarning shadowinactive shadowflag pwdchangedtime \
        pwdfailuretime pwdhistory pwdpolicysubentry hassubordinates subschemasubentry telephonenumber ou \
        o l st employeenumber employeetype manager description jpegphoto departmentnumber contextcsn \
        authtimestamp",
};

const DISCOURSE: Layout = Layout {
    names: "username email",
    hashes: "passwordhash",
    states: &[],
    ignored: "salt passwordsalt passwordalgorithm usernamelower admin moderator trustlevel silencedtill staged \
        manuallylockedtrustlevel grouplocked* flair* primarygroupid views ipaddress \
        registrationipaddress uploadedavatarid seennotificationid firstseenat previousvisitat securekey \
        passwordalgorithm* flaglevel datetimeformat",
};

const DRUPAL: Layout = Layout {
    names: "name mail",
    hashes: "pass",
    states: &[("status", StateKind::Enabled)],
    ignored: "uid theme signature signatureformat access login init data roles",
};

/// Columns that describe a person or what they did, of whatever system: last words of a name.
pub(super) const DESCRIBING: &str = "id ids uuid guid oid pk name firstname lastname surname nickname fullname displayname nicename title \
    phone phonenumber mobile address street city zip postcode country locale language lang timezone tz \
    avatar picture photo image url website bio birthday birthdate dob gender company email mail ip";

/// The same by first words: times that say when somebody came or was seen, and whether an address was verified.
pub(super) const DESCRIBING_FIRST: &str = "created create updated modified registered registration inserted joined last first given family \
    middle verified";

/// The same, whole.
pub(super) const DESCRIBING_WHOLE: &str = "lastactive lastactiveat lastactivity lastactivityat lastactivitydate datejoined emailverified isverified isemailverified phoneverified phonenumberverified \
    emailverifiedat emailconfirmed emailconfirmedat signincount logincount datecreated dateupdated \
    datemodified";
