//! What a tenant calls itself, and how its map is drawn.

use actix_web::{HttpRequest, HttpResponse};
use domain::{Currency, home::HomeKind};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Admitted, Problem, versions::tagged_json};
use crate::store::tenants::SignUpRule;

/// A community as anybody may know it.
#[derive(Serialize, ToSchema)]
#[schema(as = Tenant)]
pub(super) struct TenantView {
    slug: String,
    name: String,
    /// People who are not members may see the map.
    public_map: bool,
    sign_up: SignUp,
    /// Whether the caller is a member, signed in.
    signed_in: bool,
    /// Address of the operator's map tiles, `https://…/{z}/{x}/{y}.png`; null for the base map served here.
    #[schema(required)]
    tile_url: Option<String>,
    map: MapSettings,
    /// Whose data is shown, to be named on the page.
    credits: [&'static str; 2],
    view: ViewAt,
}

/// Who may become a member without being added by somebody.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SignUp {
    Open,
    Closed,
}

/// How the map is drawn.
#[derive(Serialize, ToSchema)]
pub(super) struct MapSettings {
    bands: &'static [Band],
    layers: [Layer; 2],
    kinds: &'static [HomeKind],
    currencies: [Currency; 7],
}

/// What can be shown on the map or not.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Layer {
    Cities,
    Homes,
}

/// How a marker looks for a number of homes. Never by colour alone: the number stands on it.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct Band {
    /// The greatest number of homes in this band; null in the last.
    #[schema(required)]
    upto: Option<u32>,
    /// Diameter in pixels.
    size: u16,
    /// Name of a colour token of the page.
    colour: &'static str,
}

/// Where the map begins.
#[derive(Serialize, ToSchema)]
struct ViewAt {
    lat: f64,
    lng: f64,
    zoom: f64,
}

/// The one table of sizes and colours. 44 px and more are easy to touch; the smallest still passes WCAG 2.2 target size.
const BANDS: &[Band] = &[
    Band { upto: Some(9), size: 28, colour: "band-1" },
    Band { upto: Some(49), size: 34, colour: "band-2" },
    Band { upto: Some(199), size: 42, colour: "band-3" },
    Band { upto: Some(999), size: 52, colour: "band-4" },
    Band { upto: None, size: 64, colour: "band-5" },
];

const CREDITS: [&str; 2] = ["Places: GeoNames, CC BY 4.0", "Base map: Natural Earth, public domain"];

/// The community this request names. Answers everybody; says nothing that only members may know.
#[utoipa::path(get, path = "/api/v1/tenant", operation_id = "getTenant", tag = "tenant", responses((status = 200, body = TenantView)))]
pub(super) async fn show(request: HttpRequest, asked: Admitted) -> Result<HttpResponse, Problem> {
    let tenant = &asked.tenant;
    let view = TenantView {
        slug: tenant.slug.clone(),
        name: tenant.name.clone(),
        public_map: tenant.public_map,
        sign_up: match tenant.sign_up {
            SignUpRule::Open => SignUp::Open,
            SignUpRule::Closed => SignUp::Closed,
        },
        signed_in: asked.caller.member().is_some(),
        tile_url: tenant.tile_url.clone(),
        map: MapSettings { bands: BANDS, layers: [Layer::Cities, Layer::Homes], kinds: HomeKind::ALL, currencies: Currency::ALL },
        credits: CREDITS,
        view: ViewAt { lat: 25.0, lng: 5.0, zoom: 2.0 },
    };
    tagged_json(&request, &view, "private, no-cache")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band(homes: u32) -> &'static str {
        BANDS.iter().find(|band| band.upto.is_none_or(|upto| homes <= upto)).unwrap().colour
    }

    #[test]
    fn each_bound_belongs_to_the_band_below_it() {
        let bounds = [
            (0, "band-1"),
            (9, "band-1"),
            (10, "band-2"),
            (49, "band-2"),
            (50, "band-3"),
            (199, "band-3"),
            (200, "band-4"),
            (999, "band-4"),
            (1000, "band-5"),
            (u32::MAX, "band-5"),
        ];
        for (homes, colour) in bounds {
            assert_eq!(band(homes), colour, "{homes} homes");
        }
    }

    #[test]
    fn bands_grow_and_end_open() {
        assert!(BANDS.windows(2).all(|w| w[0].size < w[1].size && w[0].upto.unwrap() < w[1].upto.unwrap_or(u32::MAX)));
        assert_eq!(BANDS.iter().filter(|b| b.upto.is_none()).count(), 1);
        assert!(BANDS[0].size >= 24, "WCAG 2.2, 2.5.8");
    }
}
