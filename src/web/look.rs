//! How the site looks: our own files, and what of them the operator replaced.

use std::sync::Arc;

use super::assets::Assets;
use super::brand::Brand;
use super::pages::layout::Site;
use crate::pool;

/// All of it, as it was when the brand was read last.
#[derive(Debug)]
pub struct Look {
    pub assets: Assets,
    pub site: Arc<Site>,
    /// The insides of `/terms` and `/privacy`.
    pub terms: Option<String>,
    pub privacy: Option<String>,
}

impl Look {
    pub fn new(settings: &pool::Settings, brand: Brand) -> Self {
        let mut assets = Assets::load();
        if let Some(logo) = brand.logo {
            assets.replace("icon.svg", logo);
        }
        if let Some(style) = brand.style {
            assets.append("style.css", &style);
        }
        let mut site = Site::new(settings, &assets);
        site.terms = brand.terms.is_some();
        site.privacy = brand.privacy.is_some();
        Self {
            assets,
            site: Arc::new(site),
            terms: brand.terms,
            privacy: brand.privacy,
        }
    }
}
