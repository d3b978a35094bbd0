/** The key under which a campaign's contact plan is kept. */
export const planKey = (campaignId: number) => ["contact-plan", campaignId];
