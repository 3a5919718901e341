//! The pages as a product's own: its name and logo, and which pages there are.

use crate::harness::Place;

#[test]
fn the_pages_have_the_configured_name_and_logo() {
    let place = Place::new();
    place.write("countersign.toml", "[pages]\nname = \"Acme & Sons\"\nlogo_file = \"acme.svg\"\n");
    place.write("acme.svg", "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n");
    place.make_database();
    let server = place.serve(&[]);
    for path in ["/", "/login", "/account", "/admin", "/debugger", "/docs"] {
        let page = server.request("GET", path, "", "");
        assert!(page.body.contains("Acme &amp; Sons</title>"), "{page:?}");
        assert!(page.body.contains("src=\"assets/logo\"") && !page.body.contains("Countersign"), "{page:?}");
    }
    let logo = server.request("GET", "/assets/logo", "", "");
    assert!(logo.status == 200 && logo.head.contains("content-type: image/svg+xml"), "{logo:?}");
    assert!(logo.head.contains("sandbox"), "HD-10: {logo:?}");
}

#[test]
fn a_page_that_is_off_is_a_path_like_any_unknown_one() {
    let place = Place::new();
    place.make_database();
    let off =
        ["pages.front=off", "pages.account=off", "pages.admin=off", "pages.debugger=off", "pages.docs=off"];
    let mut flags: Vec<_> = off.iter().flat_map(|flag| ["--set", *flag]).collect();
    let server = place.serve(&flags);
    let unknown = server.request("GET", "/nothing-at-all", "", "");
    for path in ["/", "/account", "/admin", "/debugger", "/assets/debugger.js", "/docs", "/openapi.json"] {
        let answer = server.request("GET", path, "", "");
        assert_eq!((answer.status, &answer.body), (404, &unknown.body), "{path}");
    }
    assert_eq!(server.request("GET", "/login", "", "").status, 200);
    assert_eq!(server.request("GET", "/api/admin/users", "", "").code(), "token_required", "the API stays");
    server.stop();
    flags.extend(["--set", "path_prefix=/auth", "--set", "public_origin=http://localhost:1"]);
    let server = place.serve(&flags);
    for path in ["/auth", "/auth/", "/auth/account"] {
        assert_eq!(server.request("GET", path, "", "").status, 404, "{path}");
    }
}

/// `config check` says what `serve` would.
#[test]
fn what_is_no_logo_stops_the_start() {
    let place = Place::new();
    place.make_database();
    place.write("page.html", "<html><script>alert(1)</script>");
    place.write("big.svg", &format!("<svg>{}</svg>", " ".repeat(300_000)));
    for (file, why) in [
        ("nope.svg", "cannot be used: it cannot be read: No such file"),
        ("page.html", "cannot be used: it is no SVG, PNG, JPEG, WebP or GIF picture"),
        ("big.svg", "cannot be used: it has more than 256 KiB"),
    ] {
        let logo = format!("pages.logo_file={file}");
        for command in [&["config", "check"][..], &["serve", "--listen", "127.0.0.1:0"]] {
            let ran = place.run(&[command, &["--set", &logo]].concat());
            assert!(ran.code == Some(1) && ran.err.contains("pages.logo_file: "), "{ran:?}");
            assert!(ran.err.contains(file) && ran.err.contains(why), "{ran:?}");
        }
    }
    let ran = place.run(&["config", "check", "--set", "pages.name= "]);
    assert!(ran.code == Some(2) && ran.err.contains("pages.name"), "{ran:?}");
}

/// Somebody who mistyped an address sees a page with a way back; a program gets the error of the API.
#[test]
fn a_mistyped_address_is_a_page_for_a_browser_and_an_error_for_a_program() {
    let place = Place::new();
    place.write("countersign.toml", "[pages]\nname = \"Acme\"\naccount = \"off\"\n");
    place.make_database();
    let browser = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";
    let prefixed = ["--set", "path_prefix=/auth", "--set", "public_origin=http://localhost:1"];
    for (flags, prefix) in [(&[][..], ""), (&prefixed[..], "/auth")] {
        let server = place.serve(flags);
        for (path, up) in [
            ("/account/", "../"),
            ("/logn", ""),
            ("/admin/users", "../"),
            ("/account", ""),
            ("/a/b/c", "../../"),
        ] {
            let path = format!("{prefix}{path}");
            let page = server.request("GET", &path, browser, "");
            assert!(page.status == 404 && page.head.contains("content-type: text/html"), "{page:?}");
            assert!(
                page.head.contains("cache-control: no-store") && page.head.contains("x-content-type-options"),
                "{page:?}"
            );
            assert!(page.body.contains("<title>Page not found · Acme</title>"), "{page:?}");
            for address in ["login\"", "./\"", "assets/style.css\""] {
                assert!(page.body.contains(&format!("href=\"{up}{address}")), "{path} {address}: {page:?}");
            }
            for headers in ["", "Accept: */*\r\n", "Accept: application/json\r\n"] {
                assert_eq!(server.request("GET", &path, headers, "").code(), "not_found", "{path} {headers}");
            }
            assert!(!server.request("POST", &path, browser, "").head.contains("text/html"), "{path}");
        }
        // With a slash too many it is still clear what is meant, of a page that is on.
        for (path, place) in [("/login/?reason=logout", "../login?reason=logout"), ("/admin/", "../admin")] {
            let answer = server.request("GET", &format!("{prefix}{path}"), browser, "");
            assert!(
                answer.status == 308 && answer.head.contains(&format!("location: {place}\r\n")),
                "{answer:?}"
            );
        }
        for path in ["/api/nothing", "/.well-known/nothing", "/oauth2/nothing", "/assets/nothing.js"] {
            let answer = server.request("GET", &format!("{prefix}{path}"), browser, "");
            assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"), "{path}");
        }
    }
}
